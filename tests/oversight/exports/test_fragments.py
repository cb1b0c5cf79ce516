from collections import Counter

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.oversight.exports.fragments import read_fragments, write_fragments

LONG = Trajectory([[0.0, 1.0], [2.0, 3.0], [4.0, 1 / 3]], [0, 1])
SHORT = Trajectory([[5.0, 6.0], [7.0, 8.0]], [1], [9.0], ended=True)


@pytest.fixture
def watched(answered):
    def make(said, first=LONG, second=SHORT, key="q"):
        content = {
            "form": "trajectory",
            "first": {"trajectory": {"scene": "series", **first.to_dict()}},
            "second": {"trajectory": {"scene": "series", **second.to_dict()}},
        }
        return answered(kind="prefer", key=key, answer={"preferred": said}, content=content)

    return make


def written(path, *answers):
    left_out = Counter()
    count = write_fragments(answers, path, left_out, name=str.upper, metadata='{"head": 1}')
    return count, dict(left_out), read_fragments(path)


def test_fragments_come_back_as_they_were_compared(watched, tmp_path):
    count, left, back = written(
        tmp_path / "x.npz", watched("first"), watched("second", SHORT, LONG, "r"), watched("tie")
    )
    assert (count, left, len(back)) == (3, {}, 3)
    assert back.preferences.dtype == np.float32  # or imitation's push raises
    assert back.preferences.tolist() == [1.0, 0.0, 0.5]  # the chance of the first
    assert back.keys == ("q", "r", "q")
    assert back.reviewers == ("ANA", "ANA", "ANA")
    assert back.head == '{"head": 1}'
    for one, two in zip(
        (*back.first, *back.second), (LONG, SHORT, LONG, SHORT, LONG, SHORT), strict=True
    ):
        assert np.array_equal(one.states, two.states)
        assert np.array_equal(one.actions, two.actions)
        assert one.ended == two.ended
        assert one.rewards is None


def test_what_tells_no_preference_is_counted(watched, answered, tmp_path):
    still = Trajectory([[0.0, 0.0]], [])
    count, left, _ = written(
        tmp_path / "x.npz",
        answered(),
        watched("both bad"),
        watched("cannot tell"),
        watched("first", LONG, still),
    )
    assert count == 0
    assert left == {
        "not a comparison of behaviour": 1,
        "both bad": 1,
        "cannot tell": 1,
        "a fragment without a step": 1,
    }


def test_two_environments_are_not_mixed(watched, tmp_path):
    other = Trajectory([0, 1], [1])
    with pytest.raises(InputError, match="one environment at a time"):
        written(tmp_path / "x.npz", watched("first"), watched("first", other, other))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_a_file_that_is_another_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(InputError, match="holds no fragments"):
        read_fragments(tmp_path / "x.npz")
    with pytest.raises(InputError, match="holds no fragments"):
        read_fragments(tmp_path / "y.npz")


def test_a_pickle_is_not_opened(tmp_path):
    np.savez(tmp_path / "x.npz", steps=np.array([{}], object))
    with pytest.raises(InputError, match="holds no fragments"):
        read_fragments(tmp_path / "x.npz")
