"""Shares and their limits are those of the verdicts; what is unreliable says so first."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from alignlab.plain import to_json
from alignlab.robustness.results import AttackRun, RobustnessResult


@pytest.fixture
def result():
    return RobustnessResult(
        threat="an L∞ distance of 0.1",
        radius=0.1,
        status=np.array(["broken"] * 6 + ["certified"] * 1 + ["undecided"] * 3),
        broken_by=np.array(["as it is"] * 2 + ["pgd"] * 4 + [""] * 4),
        witnesses=np.zeros((10, 2)),
        certificate="",
        attacks=(AttackRun("pgd", 8, 4, 80, 70, 0.5),),
        warnings=(),
        forward_rows=80,
        backward_rows=70,
        seconds=1.0,
        model_seconds=0.5,
        stopped=False,
        level=0.95,
    )


def test_shares_are_counted_and_their_limits_exact(result):
    assert result.accuracy.value == 0.8
    assert result.robust_accuracy.value == 0.4
    assert result.certified_accuracy.value == 0.1
    exact = stats.binomtest(4, 10).proportion_ci(0.95, method="exact")
    assert result.robust_accuracy.low == pytest.approx(exact.low)
    assert result.robust_accuracy.high == pytest.approx(exact.high)


def test_the_headline_says_what_is_known(result):
    assert result.headline == (
        "Of 10 rows the model gets 80.0% right as they are and at most 40.0% within an L∞ distance "
        "of 0.1 (10.0% of the rows are certified)."
    )
    settled = replace(result, status=np.where(result.broken, "broken", "certified"))
    assert "and exactly 40.0% within" in settled.headline


def test_a_warning_comes_before_any_number(result):
    warned = replace(result, warnings=(SimpleNamespace(name="zero", summary="No gradients."),))
    assert warned.headline.startswith("Unreliable: No gradients.")
    assert not warned.reliable


def test_it_can_be_written_and_drawn(result):
    assert '"robust_accuracy"' in to_json(result.to_dict())
    assert result.chart().table.rows[1][1] == 0.4
    proved, tried = (replace(result, certificate=each).chart() for each in ("intervals", ""))
    assert [len(each.table.rows) for each in (proved, tried)] == [3, 2]
    assert list(result.to_frame()["status"][:1]) == ["broken"]
    assert result.runs()["broke"].tolist() == [4]
