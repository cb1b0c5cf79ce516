"""What may stand in the cells of a perturbed row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.surrogates.neighbourhood import drawn_pairs
from alignlab.transparency.surrogates.tables import NearRows, table_subject

RNG = np.random.default_rng(0)
N = 300
TABLE = pd.DataFrame(
    {
        "age": RNG.integers(18, 90, N),
        "pay": RNG.lognormal(10, 1, N).round(2),
        "job": pd.Categorical(RNG.choice(["nurse", "clerk", "pilot"], N, p=[0.5, 0.4, 0.1])),
        "town": RNG.choice(["Ulm", "Bonn"], N),
        "colour_red": RNG.integers(0, 2, N),
        "same": 7.0,
    }
)
TABLE["colour_blue"] = 1 - TABLE["colour_red"]
MODEL = Predictor(lambda rows: np.zeros(len(rows)), "regression")


def subject(row=0, table=TABLE, **options):
    own = table.iloc[row] if isinstance(row, int) else row
    return table_subject(MODEL, own, table, **options)


def drawn(about, width=0.5, pairs=500):
    place = about.neighbourhood(width)
    slots = drawn_pairs(np.random.default_rng(1), pairs, place.design.shape[1]).reshape(
        2 * pairs, -1
    )
    return about.rows(place.chosen(place.cells(slots))), place, slots


def test_features_are_what_a_person_knows():
    about = subject()
    assert [(each.name, each.kind, each.moves) for each in about.features] == [
        ("age", "number", True),
        ("pay", "number", True),
        ("job", "state", True),
        ("town", "state", True),
        ("colour", "state", True),
        ("same", "number", False),
    ]
    assert about.features[4].given in ("red", "blue")
    normal = RNG.normal(5.0, 3.0, (20_000, 1))
    spread = table_subject(MODEL, normal[0], normal).features[0].spread
    assert spread == pytest.approx(3.0, rel=0.03)


def test_every_cell_is_an_observed_one_and_dtypes_stay():
    rows, _, _ = drawn(subject())
    assert (rows.dtypes == TABLE.dtypes).all()
    for name in TABLE.columns:
        assert set(rows[name]) <= set(TABLE[name])
    assert (rows["colour_red"] + rows["colour_blue"] == 1).all()
    pd.testing.assert_frame_equal(subject().row, TABLE.iloc[[0]])


def test_the_design_says_what_the_rows_hold():
    about = subject()
    rows, place, slots = drawn(about)
    raw = place.designed(place.cells(slots)) * place.deviation + place.mean
    assert raw[:, 0] == pytest.approx(rows["age"] - TABLE["age"][0])
    assert raw[:, 1] == pytest.approx(rows["pay"] - TABLE["pay"][0], abs=1e-6)
    assert raw[:, 2] == pytest.approx((rows["job"].astype(str) == TABLE["job"][0]).astype(float))
    assert raw[:, 4] == pytest.approx((rows["colour_red"] == TABLE["colour_red"][0]).astype(float))


def test_other_states_come_as_often_as_in_the_background():
    row = TABLE.iloc[int(np.flatnonzero(TABLE["job"] == "nurse")[0])]
    rows, _, _ = drawn(subject(row), pairs=4000)
    others = rows["job"][rows["job"] != "nurse"]
    expected = (TABLE["job"] == "clerk").sum() / (TABLE["job"] != "nurse").sum()
    assert (others == "clerk").mean() == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(
    "row",
    [
        TABLE.iloc[[3]],
        TABLE.iloc[3],
        TABLE.iloc[3].to_dict(),
        TABLE.iloc[3][::-1],
        list(TABLE.iloc[3]),
    ],
    ids=["frame", "series", "mapping", "other order", "list"],
)
def test_a_row_may_come_as_people_hold_it(row):
    pd.testing.assert_frame_equal(
        subject(row).row.reset_index(drop=True), TABLE.iloc[[3]].reset_index(drop=True)
    )


def test_an_unseen_category_is_a_state_of_its_own():
    row = {**TABLE.iloc[0].to_dict(), "job": "dancer", "town": "Kiel"}
    about = subject(row)
    assert about.row["job"].tolist() == ["dancer"]
    rows, _, _ = drawn(about, width=1.0)
    assert set(rows["job"]) == {"dancer", "nurse", "clerk", "pilot"}
    assert set(rows["town"]) == {"Kiel", "Ulm", "Bonn"}
    assert "dancer" not in TABLE["job"].cat.categories


def test_missing_cells():
    table = TABLE.assign(pay=TABLE["pay"].where(TABLE.index % 3 > 0))
    rows, _, _ = drawn(subject(1, table))
    assert rows["pay"].notna().all()  # a number moves among numbers
    about = subject(0, table)  # a missing number is missing, or not
    assert about.features[1].kind == "state"
    rows, place, slots = drawn(about)
    raw = place.designed(place.cells(slots))[:, 1] * place.deviation[1] + place.mean[1]
    assert raw == pytest.approx(rows["pay"].isna().astype(float))
    in_integers = {**TABLE.iloc[0].to_dict(), "age": None}
    assert subject(in_integers).row["age"].isna().all()


def test_a_fraction_is_not_cut_off_where_the_background_has_integers():
    row = {**TABLE.iloc[0].to_dict(), "age": 30.5}
    assert subject(row).row["age"].tolist() == [30.5]


def test_codes_and_groups_are_stated():
    about = subject(categorical=["age"], groups={"work": ["pay", "job"]})
    kinds = {each.name: each.kind for each in about.features}
    assert kinds["age"] == "state"
    assert kinds["work"] == "state"
    rows, _, _ = drawn(about)
    pairs = set(zip(TABLE["pay"], TABLE["job"], strict=True))
    assert set(zip(rows["pay"], rows["job"], strict=True)) <= pairs


def test_arrays_have_columns_by_position():
    array = RNG.normal(size=(50, 3))
    about = table_subject(MODEL, array[0], array, categorical=[2])
    assert [each.name for each in about.features] == ["0", "1", "2"]
    assert about.row.tolist() == [array[0].tolist()]
    assert about.features[2].kind == "state"


def test_only_columns_that_the_model_reads_are_explained():
    model = Predictor(len, "regression", features=("pay", "age"))
    about = table_subject(model, TABLE.iloc[0], TABLE)
    assert [each.name for each in about.features] == ["pay", "age"]


def test_near_rows_are_as_many_as_wanted_and_the_nearest():
    about = subject()
    near = about.near_rows(60)
    assert near.effective == pytest.approx(60, rel=0.05)
    assert near.weights.max() == 1
    rows = about.pool.rows(near.index)
    assert len(near.index) == len(near.weights) == len(near.design)
    squared = ((TABLE["age"] - TABLE["age"][0]) / about.features[0].spread) ** 2
    squared += ((TABLE["pay"] - TABLE["pay"][0]) / about.features[1].spread) ** 2
    for name in ("job", "town", "colour_red"):
        squared += TABLE[name] != TABLE[name][0]
    nearest = np.argsort(squared, kind="stable")[: len(near.weights)]
    assert sorted(rows["pay"]) == sorted(TABLE["pay"].iloc[nearest])
    kernel = np.sort(np.exp(-squared.iloc[nearest] / (2 * near.width**2)))
    assert np.sort(near.weights) == pytest.approx(kernel, rel=1e-6)


def test_a_state_that_few_near_rows_have_is_left_out():
    design = np.zeros((40, 3))
    design[:, 0] = np.arange(40)
    design[:3, 1] = 1
    design[:20, 2] = 1
    near = NearRows(np.arange(40), design, np.ones(40), 1.0)
    kept, varies = near.told_apart()
    assert kept.tolist() == [False] * 3 + [True] * 37
    assert varies.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": TABLE.iloc[:1]}, "has 1 row"),
        ({"background": np.zeros(3)}, r"has the shape \(3,\)"),
        ({"row": TABLE.iloc[:2]}, "one row, and 2 were given"),
        ({"row": TABLE.iloc[0].drop("job")}, "lacks the column 'job'"),
        ({"row": [1, 2]}, "the background has 7 columns"),
        ({"row": {**TABLE.iloc[0].to_dict(), "age": "old"}}, "'old' in the column 'age'"),
        ({"categorical": ["agge"]}, "Did you mean 'age'"),
        ({"groups": {"x": ["agge"]}}, "Did you mean 'age'"),
        ({"row": [7.0], "background": TABLE[["same"]]}, "nothing can be moved"),
    ],
)
def test_wrong_input_is_refused(change, message):
    options = {"row": TABLE.iloc[0], "background": TABLE, **change}
    row, background = options.pop("row"), options.pop("background")
    with pytest.raises(InputError, match=message):
        table_subject(MODEL, row, background, **options)
