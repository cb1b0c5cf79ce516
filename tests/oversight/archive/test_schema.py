from alignlab.oversight.archive import schema
from alignlab.oversight.archive.migrations.versions import first


def test_the_version_is_that_of_the_last_step():
    assert first.revision == schema.VERSION
    assert first.down_revision is None


def test_the_guards_are_those_that_verifying_looks_for():
    for statements in first.GUARDS.values():
        told = " ".join(statements)
        assert all(name in told for name in schema.GUARDS)
