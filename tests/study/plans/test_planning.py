from __future__ import annotations

import json

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from alignlab.errors import InputError
from alignlab.study.folder import open_study
from alignlab.study.plans.planning import plan_study
from alignlab.study.plans.power import difference_power
from alignlab.study.reading import parse_study
from alignlab.study.statistics import estimate_difference

ONE = (
    "  {}: {{says: s, measure: {}, factor: x, of: mended, against: plain, smallest-effect: 0.1{}}}"
)


def stated(small_text, *hypotheses, **replaced):
    text = small_text.replace("analysis:", "\n".join([*hypotheses, "analysis:"]))
    for old, new in replaced.pop("swap", {}).items():
        assert old in text
        text = text.replace(old, new)
    return parse_study(text)


def only(plan):
    (hypothesis,) = plan.hypotheses
    return hypothesis


def test_one_task_is_the_paired_t_test_of_the_oracle(small_text):
    swap = {"direction: greater": "direction: different", "tasks: [data]": "level: 0.9"}
    spec = stated(small_text, swap={**swap, "seeds: 5": "seeds: 8"})
    plan = only(plan_study(spec))
    assert (plan.tasks, plan.seeds, plan.alpha) == (1, 8, pytest.approx(0.1))
    assert plan.power == pytest.approx(TTestPower().power(1.0, 8, 0.1), abs=2e-5)
    oracle = TTestPower().solve_power(1.0, power=0.8, alpha=0.1)
    assert plan.needed == int(np.ceil(oracle))


def test_the_power_is_how_often_the_analysis_shows_it(small_text):
    """Two tasks of five seeds, analysed as the study will be; the share's error is 0.008."""
    spec = parse_study(small_text)
    rng = np.random.default_rng(5)
    shown = [
        estimate_difference(rng.normal(0.1, 0.1, (2, 5)), level=0.95).low > 0 for _ in range(3000)
    ]
    assert only(plan_study(spec)).power == pytest.approx(np.mean(shown), abs=0.025)


def test_the_family_is_corrected_and_others_are_not_in_it(small_text):
    spec = stated(
        small_text,
        ONE.format("H2", "score", ", spread: 0.1, where: {data: a}"),
        ONE.format("H3", "cost", ", spread: 0.1"),
    )
    first, second, third = plan_study(spec).hypotheses
    assert [each.comparisons for each in (first, second, third)] == [2, 2, 1]
    assert first.alpha == pytest.approx(0.025)
    assert third.alpha == pytest.approx(0.05)
    assert (first.tasks, second.tasks) == (2, 1)
    assert second.comparison == "score: x mended against plain, where data a"
    assert any("is not primary" in note for note in third.notes)
    free = stated(small_text, ONE.format("H2", "score", ""), swap={
        "tasks: [data]": "tasks: [data]\n  correction: none"})  # fmt: skip
    plan = plan_study(free)
    assert plan.hypotheses[0].comparisons == 1
    assert plan.notes == (
        "2 hypotheses are tested and none is corrected: if none were true, the chance that one is "
        "shown would be up to 10%.",
    )


def test_what_no_exact_test_can_show_is_said(small_text):
    spec = stated(small_text, swap={"tasks: [data]": "level: 0.95"})
    plan = only(plan_study(spec))
    assert plan.attainable == 0.0625
    assert any(
        "no result of 5 pairs can pass the exact sign-flip test, whose smallest p-value is 0.0625, "
        "above 0.05; 6 pairs can." in note
        for note in plan.notes
    )
    assert only(plan_study(spec, seeds=6)).attainable == 1 / 32
    assert not any("sign-flip" in note for note in only(plan_study(spec, seeds=6)).notes)
    two_tasks = only(plan_study(parse_study(small_text)))
    assert two_tasks.attainable == 2.0**-9


def test_without_a_spread_there_is_a_table_and_no_number(small_text):
    plan = only(plan_study(stated(small_text, swap={"    spread: 0.1\n": ""})))
    assert (plan.power, plan.needed, plan.most) == (None, None, None)
    assert [at.spread for at in plan.at_spreads] == pytest.approx([0.025, 0.05, 0.1, 0.2, 0.4])
    powers = [at.power for at in plan.at_spreads]
    assert powers == sorted(powers, reverse=True)
    assert any("how much pairs differ (spread) is not stated" in note for note in plan.notes)


def test_new_tasks_need_tasks(small_text):
    spec = stated(small_text, swap={"tasks: [data]": "tasks: [data]\n  generalise: tasks",
                                    "data: [a, b]": "data: [a, b, c]"})  # fmt: skip
    few, many = only(plan_study(spec)), only(plan_study(spec, seeds=500))
    assert (few.tasks, few.draws) == (3, "tasks")
    assert (
        few.power == many.power == pytest.approx(difference_power(0.1, 0.1, 3, direction="greater"))
    )
    assert few.power < few.most < many.most
    assert few.needed == 10
    assert few.attainable == 0.25
    assert any("its power comes from the number of tasks (3)" in note for note in few.notes)
    assert any("for the 80% wanted it takes 10 tasks" in note for note in few.notes)
    assert plan_study(spec).seeds_needed is None
    assert plan_study(spec).chart() is None


def test_nested_tasks_count_the_outermost(small_text):
    spec = stated(small_text, swap={
        "tasks: [data]": "tasks: [data, part]\n  generalise: tasks",
        "data: [a, b]": "data: [a, b, c]\n  part: [1, 2]"})  # fmt: skip
    plan = only(plan_study(spec))
    assert plan.tasks == 3
    assert plan.most == pytest.approx(
        difference_power(0.1, 0.1 / np.sqrt(5 * 2), 3, direction="greater")
    )
    fixed = spec.hypotheses["H1"].model_copy(update={"where": {"data": "a"}})
    # Of one data set it is about new parts, as the analysis takes them.
    confined = only(plan_study(spec.model_copy(update={"hypotheses": {"H1": fixed}})))
    assert confined.tasks == 2
    assert confined.most == difference_power(0.1, 0.1 / np.sqrt(5), 2, direction="greater")
    to_seeds = spec.analysis.model_copy(update={"generalise": "seeds"})
    assert only(plan_study(spec.model_copy(update={"analysis": to_seeds}))).tasks == 6


def test_an_equivalence_is_planned_by_two_one_sided_tests(small_text):
    plan = only(
        plan_study(stated(small_text, swap={"direction: greater": "direction: equivalent"}))
    )
    assert plan.attainable is None
    assert plan.power == difference_power(0.1, 0.1, 5, tasks=2, direction="equivalent")
    assert any("that the difference is within ±0.1" in note for note in plan.notes)


def test_one_seed_shows_nothing(small_text):
    plan = only(plan_study(parse_study(small_text), seeds=1))
    assert plan.power == 0.0
    assert any("from 1 seed nothing is learned about others" in note for note in plan.notes)


def test_an_effect_that_cannot_be_is_said(small_text):
    spec = stated(small_text, swap={"smallest-effect: 0.1": "smallest-effect: 2"})
    assert any(
        "its smallest effect, 2, is more than score can differ by, 1." in note
        for note in only(plan_study(spec)).notes
    )


def test_an_effect_too_small_for_any_number_of_seeds_is_said(small_text):
    spec = stated(small_text, swap={"smallest-effect: 0.1": "smallest-effect: 1e-6"})
    assert any("no number up to 100,000 has it" in note for note in only(plan_study(spec)).notes)


def test_no_hypothesis_and_no_primary_measure_are_said(small_text):
    bare = small_text[: small_text.index("hypotheses:")]
    assert plan_study(parse_study(bare)).notes[0].startswith("No hypothesis is stated")
    secondary = small_text.replace("primary: true, ", "")
    assert "mark one with primary: true" in plan_study(parse_study(secondary)).notes[0]


def test_the_cost_is_from_runs_where_there_are_any(small_text, tmp_path):
    (tmp_path / "study.yaml").write_text(small_text)
    study = open_study(tmp_path)
    assert plan_study(study).cost.known_from == "nothing"
    assert plan_study(study).cost.seconds is None
    (tmp_path / "study.yaml").write_text(f"{small_text}resources: {{seconds-per-run: 60}}\n")
    stated_cost = plan_study(open_study(tmp_path), workers=3).cost
    assert (stated_cost.known_from, stated_cost.seconds) == ("stated", 7 * 60)
    line = {"configuration": {"x": 1}, "status": "done", "seconds": 2.0}
    (tmp_path / "log.jsonl").write_text(json.dumps({**line, "ended": "2026-11-22T10:00:00Z"}))
    measured = plan_study(open_study(tmp_path), workers=2).cost
    assert (measured.known_from, measured.seconds) == ("runs", 20.0)


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"seeds": 2.5}, {"workers": 0}])
def test_what_is_no_number_is_refused(small_text, wrong):
    with pytest.raises(InputError, match="is not a whole number from 1"):
        plan_study(parse_study(small_text), **wrong)
