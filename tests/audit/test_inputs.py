import numpy as np
import pandas as pd
import pytest

from alignlab.audit.inputs import Request, read_study
from alignlab.datasets import TableData, load_example
from alignlab.errors import AlignlabError, InputError

STATED = {"target": "deny", "probability": "p", "favourable": "no"}


def study(frame, **stated):
    return read_study(Request(predictions=frame, **{**STATED, **stated}))


def test_the_context_holds_what_was_stated(decided):
    context = study(
        decided, groups="race,race*sex", weights="weight", control="sex", limits={"a": 1.0}, seed=4
    ).context
    assert context.classes == ("no", "yes")
    assert (context.favourable, context.favourable_label) == (0, "no")
    assert [each.name for each in context.groupings] == ["race", "race*sex"]
    assert context.control.labels == ("f", "m")
    assert (context.limits, context.seed, context.predictor) == ({"a": 1.0}, 4, None)
    np.testing.assert_array_equal(context.weights, decided["weight"])
    np.testing.assert_array_equal(context.outcomes, decided["deny"] == "yes")
    np.testing.assert_array_equal(context.decisions, decided["p"] > 0.5)
    # What describes a row: neither what happened, nor what was said, nor its weight.
    assert not {"deny", "p", "weight"} & set(context.features.columns)
    assert {"race", "sex", "income"} <= set(context.features.columns)


def test_the_subject_names_files_without_their_places(decided, tmp_path):
    decided.to_csv(tmp_path / "p.csv", index=False)
    read = study(tmp_path / "p.csv")
    assert (read.model["name"], read.data["name"], read.data["rows"]) == ("p.csv", "p.csv", 600)
    assert len(read.data["sha256"]) == 64
    assert str(tmp_path) not in repr((read.model, read.data))


def test_a_frame_s_fingerprint_is_of_its_values(decided):
    first = study(decided).data["sha256"]
    assert study(decided.copy()).data["sha256"] == first
    decided.loc[3, "income"] += 1
    assert study(decided).data["sha256"] != first


@pytest.mark.parametrize(
    ("labels", "favourable", "index"),
    [
        ([0, 1], "1", 1), ([0, 1], 1.0, 1), ([0, 1], True, 1), ([0.0, 1.0], "0", 0),
        ([False, True], "1", 1), ([False, True], "True", 1), (["0", "1"], 1, 1),
        (["no", "yes"], "no", 0),
    ],
)  # fmt: skip
def test_one_label_has_many_spellings(labels, favourable, index):
    frame = pd.DataFrame({"deny": labels * 20, "p": [0.1, 0.9] * 20})
    assert study(frame, favourable=favourable).context.favourable == index


def test_predictions_are_put_beside_the_data(decided):
    answers = decided[["p"]]
    data = decided.drop(columns=["p", "said"])
    context = read_study(Request(predictions=answers, data=data, groups="race", **STATED)).context
    np.testing.assert_allclose(context.probabilities[:, 1], decided["p"])
    with pytest.raises(InputError, match="has 600 rows and the table 599"):
        read_study(Request(predictions=answers[:-1], data=data, **STATED))
    shuffled = decided[["p", "deny"]].iloc[::-1]
    with pytest.raises(InputError, match="is in both the table and the table, and differs first"):
        read_study(Request(predictions=shuffled, data=data, **STATED))


def test_a_table_brings_its_roles():
    table = load_example("mortgage")
    model = dict.fromkeys(("no", "yes"), 0.5)
    context = read_study(
        Request(model=lambda rows: np.full((len(rows), 2), model["no"]), data=table)
    ).context
    assert context.classes == ("no", "yes")
    assert [each.name for each in context.groupings] == list(table.groups)
    assert table.target not in context.features.columns


def test_a_missing_group_is_a_group(decided):
    decided.loc[:9, "race"] = None
    assert study(decided, groups="race").context.groupings[0].labels[0] == "(missing)"


def test_a_group_of_one_row_is_kept(decided):
    decided.loc[0, "race"] = "red"
    grouping = study(decided, groups="race").context.groupings[0]
    assert dict(zip(grouping.labels, grouping.sizes, strict=True))["red"] == 1


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"target": "denny"}, "There is no column 'denny' for --target. Did you mean 'deny'?"),
        ({"target": None}, "Name the column that holds what happened with --target."),
        ({"probability": "q"}, "There is no column 'q' for probability."),
        ({"probability": None}, "--prediction"),
        ({"prediction": "deny"}, "both the target and the prediction"),
        ({"probability": "deny"}, "both the target and a probability"),
        ({"groups": "rac"}, "Did you mean 'race'?"),
        ({"groups": "deny"}, "uses the column 'deny', which is the target"),
        ({"groups": "race*p"}, "uses the column 'p', which is a probability"),
        ({"control": "deny"}, "which is the target"),
        ({"favourable": "maybe"}, "favourable='maybe' is not an outcome of 'deny'"),
        ({"weights": "race"}, "The weight in column 'race', row 0, is "),
        ({"weights": "w"}, "There is no column 'w' for weights."),
        ({"level": 95}, "level=95 is not between 0 and 1"),
        ({"seed": -1}, "seed=-1 is not a whole number from 0"),
        ({"task": "guess"}, "task='guess' is not one of"),
        ({"task": "regression"}, "A regression has no probabilities"),
        ({"utilities": {"yes": 1}}, "utilities.yes = 1 is not a table"),
        ({"utilities": {"yep": {"no": 1}}}, "utilities.yep: 'yep' is not a class of the target"),
        ({"utilities": {"yes": {"n": 1}}}, "utilities.yes.n: 'n' is not a class"),
        ({"utilities": {"yes": {"no": "1"}}}, "utilities.yes.no is '1', which is not a number"),
        ({"utilities": {"yes": {"no": 1}}}, "utilities.no.no is not stated"),
        ({"asking_cost": float("nan")}, "utilities.ask is nan, which is not finite"),
        ({"utilities": {"ask": "much"}}, "utilities.ask is 'much', which is not a number"),
        ({"utilities": {"ask": -1}}, "utilities.ask = -1: asking a person costs nothing or more"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(decided, stated, message):
    with pytest.raises(AlignlabError) as caught:
        study(decided, **stated)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def spoilt(frame, column, row, value):
    frame = frame.copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return frame


def test_what_is_wrong_in_the_table_names_the_row(decided):
    with pytest.raises(InputError, match=r"Row 17 of the table has no value in .*'deny' \(1 such"):
        study(spoilt(decided, "deny", 17, None))
    with pytest.raises(InputError, match="Column 'p' is missing on row 17"):
        study(spoilt(decided, "p", 17, np.nan))
    with pytest.raises(InputError, match=r"Column .p. is 1\.7 on row 3"):
        study(spoilt(decided, "p", 3, 1.7))
    with pytest.raises(InputError, match="row 5, is -1"):
        study(spoilt(decided, "weight", 5, -1), weights="weight")
    with pytest.raises(InputError, match="All weights in column 'weight' are 0"):
        study(decided.assign(weight=0), weights="weight")


def test_probabilities_sum_to_one(decided):
    frame = decided.assign(q=1 - decided["p"])
    context = study(frame, probability=["q", "p"]).context
    np.testing.assert_allclose(context.probabilities[:, 1], decided["p"])
    with pytest.raises(InputError, match=r"sum to .* on row 9 \(1 such rows\)"):
        study(spoilt(frame, "q", 9, 0.99), probability=["q", "p"])


def test_one_class_and_no_rows(decided):
    with pytest.raises(InputError, match=r"All \d+ rows of the table have the same target"):
        study(decided[decided["deny"] == "no"])
    with pytest.raises(InputError, match="0 rows"):
        study(decided[:0])


def test_a_model_or_predictions(decided):
    with pytest.raises(InputError, match="Both a model and predictions were given"):
        read_study(Request(model=len, predictions=decided, data=decided, target="deny"))
    with pytest.raises(InputError, match="Neither was given"):
        read_study(Request(data=decided, target="deny"))
    with pytest.raises(InputError, match="--data FILE"):
        read_study(Request(model=len, target="deny"))
    with pytest.raises(InputError, match="--probability names a column of predictions"):
        read_study(Request(model=len, data=decided, target="deny", probability="p"))


def test_the_favourable_outcome_is_never_guessed(decided):
    request = Request(predictions=decided, target="deny", probability="p", groups="race")
    assert read_study(request).context.favourable is None
    with pytest.raises(InputError) as caught:
        read_study(request, favourable_needed_by=["fairness.selection_rate", "fairness.x"])
    message = str(caught.value)
    assert "--favourable VALUE: one of 'no', 'yes'" in message
    assert "fairness.selection_rate and 1 more checks" in message


def test_without_groups_nobody_asks_what_is_favourable(decided):
    request = Request(predictions=decided, target="deny", probability="p")
    assert read_study(request, favourable_needed_by=["fairness.x"]).context.favourable is None


def test_an_error_lists_few_of_many_outcomes():
    names = [f"class {at:03}" for at in range(75)]
    frame = pd.DataFrame({"kind": names * 2, "said": names * 2, "g": ["a", "b"] * 75})
    request = {"target": "kind", "prediction": "said", "probability": None, "groups": "g"}
    for stated in ({"favourable": "wrong"}, {"favourable": None}):
        with pytest.raises(InputError) as caught:
            read_study(
                Request(predictions=frame, **request, **stated), favourable_needed_by=["fairness.x"]
            )
        assert "'class 009' and 65 more" in str(caught.value)
        assert len(str(caught.value)) < 400
    with pytest.raises(InputError, match=r"Did you mean 'class 011'\?$"):
        read_study(Request(predictions=frame, **request, favourable="clas 011"))
    with pytest.raises(InputError, match=r"Did you mean 'class 011'\?$"):
        read_study(Request(predictions=frame, **request, utilities={"clas 011": {"class 001": 1}}))


@pytest.mark.parametrize(("stated", "index"), [("true", 1), ("FALSE", 0)])
def test_a_flag_is_known_in_any_case(stated, index):
    frame = pd.DataFrame({"deny": [False, True] * 20, "p": [0.1, 0.9] * 20})
    assert study(frame, favourable=stated).context.favourable == index
    text = frame.assign(deny=frame["deny"].map({True: "Y", False: "y"}))
    with pytest.raises(InputError, match="is not an outcome"):
        study(text, favourable="TRUE")


def test_a_column_with_a_comma_or_a_star_is_told_how_to_be_a_group(decided):
    frame = decided.rename(columns={"race": "race, stated", "sex": "sex*"})
    assert study(frame, groups=["race, stated"]).context.groupings[0].name == "race, stated"
    with pytest.raises(InputError, match=r'in the TOML file: groups = \["race, stated"\]'):
        study(frame, groups="race, stated")
    with pytest.raises(InputError, match="Rename the column 'sex\\*'"):
        study(frame, groups="sex*")


def test_a_number_has_no_favourable_class():
    frame = pd.DataFrame({"price": np.arange(40) / 7, "said": np.arange(40) / 8})
    request = Request(predictions=frame, target="price", prediction="said", favourable="high")
    with pytest.raises(InputError, match="names an outcome, but 'price' is a number"):
        read_study(request)


def test_utilities_are_decision_by_outcome(decided):
    stated = {"yes": {"yes": 1, "no": -3}, "no": {"yes": -1, "no": 0}, "ask": 0.25}
    context = study(decided, utilities=stated).context
    np.testing.assert_array_equal(context.utilities, [[0, -1], [-3, 1]])
    assert context.asking_cost == 0.25


def test_the_cost_of_asking_can_be_stated_alone(decided):
    context = study(decided, utilities={"ask": 0.25}).context
    assert (context.utilities, context.asking_cost) == (None, 0.25)


def test_a_class_may_be_called_ask(decided):
    frame = decided.assign(deny=decided["deny"].replace("yes", "ask"))
    stated = {"ask": {"ask": 1, "no": -3}, "no": {"ask": -1, "no": 0}}
    context = study(frame, utilities=stated).context
    np.testing.assert_array_equal(context.utilities, [[1, -3], [-1, 0]])
    assert context.asking_cost is None


def test_what_is_wrong_is_said_before_the_model_is_asked(decided):
    def asked(rows):
        raise AssertionError("the model was asked")

    for wrong in (
        {"favourable": "maybe"},
        {"groups": "rac"},
        {"utilities": {"yes": 1}},
        {"utilities": {"yep": {"no": 1}}},
        {"utilities": {"yes": {"nope": 1}}},
    ):
        with pytest.raises(InputError):
            read_study(Request(model=asked, data=decided, target="deny", **wrong))


def test_a_frame_with_another_index_keeps_its_rows(decided):
    there = study(decided.set_index(pd.Index(range(1000, 1600)))).context
    np.testing.assert_array_equal(there.outcomes, study(decided).context.outcomes)
    assert TableData(decided).frame is decided
