from __future__ import annotations

import pytest

from alignlab.errors import InputError
from alignlab.study.reading import level_text, parse_study, read_study


def test_a_study_is_read(small_text, tmp_path):
    (tmp_path / "study.yaml").write_text(small_text)
    spec = read_study(tmp_path / "study.yaml")
    assert spec == parse_study(small_text)
    assert spec.hypotheses["H1"].smallest_effect == 0.1
    assert len(spec.configurations()) == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: A small study\n", "", "f:1: the key 'title' is missing."),
        ("title: A small study", "title:", "f:2: title is empty."),
        ("title: A small study", "title: 3", "f:2: title = 3 is not a text; write a number in"),
        ("study: small", "study: Small", "f:1: study = 'Small': a study's name is of small"),
        ("study: small", "study: ../x", "a study's name is of small letters"),
        ("seeds: 5", "seeds: 0", "f:8: seeds = 0: input should be greater than or equal to 1."),
        ("seeds: 5", "seeds: 2.5", "f:8: seeds = 2.5 is not a whole number."),
        ("seeds: 5", "seeds: '5'", "f:8: seeds = '5' is not a whole number."),
        ("seeds: 5", "seeds: true", "f:8: seeds = True is not a whole number."),
        ("seeds: 5", "seed: 5", "f:8: there is no key 'seed'. Did you mean 'seeds'?"),
        ("    factor: x", "    facter: x", "f:16: there is no key 'hypotheses.H1.facter'. Did you"),
        ("primary: true", "primary: 'yes'", "f:10: measures.score.primary = 'yes' is not true or"),
        ("primary: true", "primary: yes", "f:10: measures.score.primary holds yes, which some"),
        ("better: higher", "better: highest", "f:10: measures.score.better = 'highest' is not one"),
        ("better: higher", "better: highest", "Did you mean 'higher'?"),
        ("run: experiment:run", "run: experiment.run", "f:4: run = 'experiment.run': write modul"),
        ("[plain, mended]", "[]", "f:6: factors.x is empty: give it at least one level."),
        ("[plain, mended]", "plain", "f:6: factors.x = 'plain' is not a list, such as [a, b]."),
        ("[plain, mended]", "", "f:6: factors.x is empty."),
        ("[plain, mended]", "[plain, no]", "f:6: factors.x holds no, which some readers of YAML"),
        ("[plain, mended]", "[plain, ~]", "f:6: factors.x holds None: a level is a number, true"),
        ("[plain, mended]", "[plain, [mended]]", "f:6: factors.x holds ['mended']: a level is a"),
        ("[plain, mended]", "[1, 1.0]", "f:6: factors.x holds 1 and 1.0, which are one level"),
        ("[plain, mended]", "[1, '1']", "factors.x holds 1 and '1', which are one level"),
        ("[plain, mended]", "[1, true]", "factors.x holds 1 and True, which are one level"),
        ("[plain, mended]", "[true, 'true']", "factors.x holds True and 'true', which are one"),
        ("[plain, mended]", "[plain, plain]", "factors.x holds 'plain' and 'plain', which are"),
        ("[plain, mended]", "[plain, 1e999]", "factors.x holds inf, which is no finite number"),
        ("[plain, mended]", "[plain, well mended]", "are named by it, such as well-mended"),
        ("[plain, mended]", "[plain, a=b]", "a level is a number, true, false or a word"),
        ("[plain, mended]", "[plain, '{{ x }}']", "a level is a number, true, false or a word"),
        ("[plain, mended]", "[plain, '']", "a level is a number, true, false or a word"),
        ("  x: [", "  the x: [", "f:6: the factor 'the x': a name begins with a letter and holds"),
        ("  cost:", "  co.st:", "f:11: the measure 'co.st': a name begins with a letter"),
        ("  H1:", "  1H:", "f:13: the hypothesis '1H': a name begins with a letter"),
        ("  H1:", "  score:", "f:13: 'score' is both a hypothesis and a measure"),
        ("low: 0, high: 1", "low: 1, high: 1", "measures.score: low = 1 is not below high = 1."),
        ("high: 1", "high: 1, failed: 2", "measures.score.failed = 2 is not between low and high"),
        ("measure: score", "measure: scores", "f:15: hypotheses.H1.measure = 'scores' is not sta"),
        ("measure: score", "measure: scores", "Did you mean 'score'? Stated: score, cost."),
        ("factor: x", "factor: y", "f:16: hypotheses.H1.factor = 'y' is not stated. Stated: x, d"),
        ("of: mended", "of: mend", "f:17: hypotheses.H1.of = 'mend' is no level of x. Did you mea"),
        ("against: plain", "against: mended", "hypotheses.H1 compares mended with itself"),
        ("smallest-effect: 0.1", "smallest-effect: 0", "f:20: hypotheses.H1.smallest-effect = 0"),
        ("smallest-effect: 0.1", "smallest-effect: 1e999", "smallest-effect = inf is no finite"),
        ("spread: 0.1", "where: {dat: a}", "hypotheses.H1.where = 'dat' is not stated. Did you"),
        ("spread: 0.1", "where: {data: c}", "f:21: hypotheses.H1.where.data = 'c' is no level"),
        ("spread: 0.1", "where: {x: plain}", "hypotheses.H1.where.x confines the factor that is"),
        ("tasks: [data]", "tasks: [x]", "hypotheses.H1.factor = 'x' is one of analysis.tasks"),
        ("tasks: [data]", "tasks: [dataset]", "analysis.tasks = 'dataset' is not stated"),
        ("tasks: [data]", "tasks: [data, data]", "analysis.tasks names 'data' twice."),
        ("tasks: [data]", "generalise: tasks", "f:23: analysis.generalise = 'tasks' needs analys"),
        ("tasks: [data]", "level: 95", "f:23: analysis.level = 95: input should be less than 1."),
        ("tasks: [data]", "leve: 0.9", "f:23: there is no key 'analysis.leve'. Did you mean"),
        ("tasks: [data]", "tasks: [data]\ncode: ['']", "f:24: code holds an empty path."),
        ("seeds: 5", "seeds: 5\nseeds: 6", "f:9: seeds stands here and in line 8."),
    ],
)
def test_what_cannot_be_a_study_is_refused_with_its_line(small_text, old, new, said):
    assert old in small_text
    with pytest.raises(InputError) as refused:
        parse_study(small_text.replace(old, new, 1), name="f")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "word\n"])
def test_a_file_without_keys_says_what_writes_one(text):
    with pytest.raises(InputError, match=r"f:1: this is .*alignlab study new NAME"):
        parse_study(text, name="f")


def test_a_level_of_another_kind_is_told_apart(small_text):
    text = small_text.replace("[plain, mended]", "[1, 2]").replace("of: mended", "of: '2'")
    with pytest.raises(InputError, match="is a text, and the level 2 of x is a number"):
        parse_study(text.replace("against: plain", "against: 1"))


def test_true_is_not_the_level_1(small_text):
    text = small_text.replace("[plain, mended]", "[1, 2]").replace("of: mended", "of: true")
    with pytest.raises(InputError, match=r"H1\.of = True is no level of x\. Levels: 1, 2\."):
        parse_study(text.replace("against: plain", "against: 2"))


def test_one_task_says_nothing_of_others(small_text):
    text = small_text.replace("data: [a, b]", "data: [a]").replace(
        "tasks: [data]", "tasks: [data]\n  generalise: tasks"
    )
    with pytest.raises(InputError, match="needs at least 2 levels of 'data'"):
        parse_study(text)


def test_levels_are_written_as_yaml_writes_them():
    assert [level_text(each) for each in (True, False, 1, 1.0, 1e-5, "a")] == [
        "true", "false", "1", "1.0", "1e-05", "a",
    ]  # fmt: skip
