"""What the first step makes; that it is the whole schema is tested in ../../test_migrating.py."""

import sqlite3

import pytest

from alignlab.oversight.archive.migrating import migrated


def test_events_can_be_appended_and_nothing_else(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    with migrated(connection, "sqlite") as work:
        work.connection.execute("INSERT INTO events VALUES (1, 'k', '', '', 0, '{}', x'00')")
        for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="appended, never changed"):
                work.connection.execute(statement)
