import re

import pytest


@pytest.mark.parametrize("command", ["solve", "irl", "shape", "compare"])
def test_commands_about_a_process_share_their_options(alignlab, command):
    code, shown, error = alignlab(f"values {command} --help")
    assert (code, error) == (0, "")
    flags = set(re.findall(r"--[a-z-]+", shown))
    assert flags >= {"--discount", "--horizon", "--option", "--out", "--json"}
    assert "MDP" in shown


def test_every_command_has_files_and_json(alignlab):
    for command in ("prefer", "elicit"):
        assert {"--out", "--json"} <= set(
            re.findall(r"--[a-z-]+", alignlab(f"values {command} -h")[1])
        )
