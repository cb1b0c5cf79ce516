import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor

NO_YES = ("no", "yes")


def first_column(rows):
    return np.asarray(rows)[:, 0]


def binary(answer=first_column, **options):
    return Predictor(answer, "classification", classes=NO_YES, **options)


@pytest.mark.parametrize(
    ("shaped", "expected"),
    [
        (lambda p: p, [[0.75, 0.25], [0.0, 1.0]]),
        (lambda p: p[:, None], [[0.75, 0.25], [0.0, 1.0]]),
        (lambda p: np.column_stack([p, 1 - p]), [[0.25, 0.75], [1.0, 0.0]]),
        (lambda p: p.tolist(), [[0.75, 0.25], [0.0, 1.0]]),
    ],
    ids=["(n,)", "(n,1)", "(n,2)", "list"],
)
def test_two_classes_in_every_shape(shaped, expected):
    predictor = binary(lambda rows: shaped(first_column(rows)))
    np.testing.assert_array_equal(predictor(np.array([[0.25], [1.0]])), expected)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)], ids=["(n,)", "(n,1)"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_regression_in_both_shapes_and_any_number_of_rows(shape, n):
    predictor = Predictor(lambda rows: first_column(rows).reshape(shape) * 2, "regression")
    rows = np.arange(n, dtype=float)[:, None]
    np.testing.assert_array_equal(predictor(rows), rows[:, 0] * 2)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_answer_a_row_is_not_taken_for_three_classes(n):
    predictor = Predictor(first_column, "classification", classes=("a", "b", "c"))
    with pytest.raises(ModelError, match=rf"shape \({n},\) for {n} rows; \({n}, 3\) was expected"):
        predictor(np.full((n, 3), 0.3))


def test_two_outputs_are_not_taken_for_a_regression():
    predictor = Predictor(lambda rows: rows[:, :2], "regression")
    with pytest.raises(ModelError, match=r"shape \(4, 2\) for 4 rows; \(4,\) was expected"):
        predictor(np.zeros((4, 3)))


def test_no_row_gives_no_answer_and_asks_nothing():
    assert binary()(np.zeros((0, 3))).shape == (0, 2)
    assert Predictor(first_column, "regression")(np.zeros((0, 3))).shape == (0,)


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 40), st.just(2)), elements=st.floats(0, 1)),
    st.integers(1, 50),
)
def test_batches_change_nothing_and_every_row_is_counted_once(rows, batch_rows):
    sizes = []

    def answer(batch):
        sizes.append(len(batch))
        return first_column(batch)

    predictor = binary(answer, batch_rows=batch_rows)
    np.testing.assert_array_equal(predictor(rows), binary()(rows))
    assert predictor.rows_evaluated == sum(sizes) == len(rows)
    assert max(sizes) <= batch_rows


def test_batches_are_fitted_to_memory_without_a_number(monkeypatch):
    monkeypatch.setattr("alignlab.predictors.predictor.BATCH_BYTES", 8 * 3 * 10)
    sizes = []
    Predictor(lambda rows: sizes.append(len(rows)) or rows[:, 0], "regression")(np.ones((25, 3)))
    assert sizes == [10, 10, 5]


def test_a_data_frame_is_batched_by_position_whatever_its_index():
    frame = pd.DataFrame({"p": [0.1, 0.2, 0.3]}, index=[2.0, 1.0, 0.0])
    assert binary(batch_rows=2)(frame)[:, 1].tolist() == [0.1, 0.2, 0.3]


def test_a_sparse_matrix_is_batched_too():
    rows = sparse.csr_array(np.array([[0.5, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    predictor = binary(lambda batch: batch.toarray()[:, 0], batch_rows=2)
    assert predictor(rows)[:, 1].tolist() == [0.5, 0.0, 1.0]


@pytest.mark.parametrize("batch_rows", [None, 5, 1])
@pytest.mark.parametrize("bad", [[17], [17, 18, 40], [0], [49]])
def test_a_model_that_raises_on_row_17_is_told_so(bad, batch_rows):
    def answer(batch):
        if np.isin(first_column(batch), bad).any():
            raise ValueError("cannot\nhandle this")
        return np.full(len(batch), 0.5)

    predictor = binary(answer, batch_rows=batch_rows, name="mine")
    with pytest.raises(ModelError) as raised:
        predictor(np.arange(50.0)[:, None])
    assert str(raised.value) == f"The model 'mine' raised on row {bad[0]}: ValueError: cannot"


@pytest.mark.parametrize("code", [3, 0, None, "bye"])
def test_a_model_that_ends_the_program_does_not_end_the_audit(code):
    def answer(batch):
        if (first_column(batch) == 17).any():
            raise SystemExit(code)
        return np.full(len(batch), 0.5)

    with pytest.raises(ModelError) as raised:
        binary(answer, name="mine")(np.arange(50.0)[:, None])
    assert str(raised.value) == f"The model 'mine' called sys.exit({code!r}) on row 17"


def test_a_model_that_raises_on_many_rows_at_once_is_not_blamed_on_one():
    def answer(batch):
        if len(batch) > 3:
            raise ValueError("too many")
        return first_column(batch)

    with pytest.raises(ModelError, match=r"rows 0 to 7 taken at once.*batch_rows"):
        binary(answer)(np.zeros((8, 1)))


def test_a_batch_that_does_not_fit_is_halved():
    sizes = []

    def answer(batch):
        sizes.append(len(batch))
        if len(batch) > 3:
            raise MemoryError
        return first_column(batch)

    rows = np.linspace(0, 1, 8)[:, None]
    np.testing.assert_allclose(binary(answer)(rows)[:, 1], rows[:, 0])
    assert max(sizes[1:]) < 8


def test_the_rows_are_not_changed_by_a_model_that_works_in_place():
    def answer(batch):
        if isinstance(batch, pd.DataFrame):
            batch["p"] = 0.0
        else:
            batch *= 0
        return np.full(len(batch), 0.5)

    rows = np.ones((4, 2))
    frame = pd.DataFrame({"p": [1.0, 2.0]})
    binary(answer)(rows)
    binary(answer)(frame)
    assert (rows == 1).all()
    assert frame["p"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda r: np.where(first_column(r) == 3, np.nan, 0.5), r"nan on row 3 \(1 such rows\)"),
        (lambda r: np.where(first_column(r) == 3, 3.2, 0.5), r"3.2 on row 3 .*'yes'.*sigmoid"),
        (
            lambda r: np.column_stack([first_column(r), -first_column(r)]),
            "row 0.*sums to 0.*softmax",
        ),
        (lambda r: ["yes"] * len(r), "not an array of numbers.*table of predictions"),
        (lambda r: None, "not finite|not an array|shape"),
    ],
    ids=["nan", "logit", "logits", "labels", "none"],
)
def test_answers_that_are_no_probabilities_are_refused(answer, said):
    with pytest.raises(ModelError, match=said) as raised:
        binary(answer)(np.arange(6.0)[:, None])
    assert "\n" not in str(raised.value)


def test_the_row_of_a_wrong_sum_is_counted_over_batches():
    def answer(batch):
        return np.array([[0.5, 0.5 if value != 17 else 0.4] for value in first_column(batch)])

    with pytest.raises(ModelError, match=r"\[0.5, 0.4\] on row 17, which sums to 0.9"):
        binary(answer, batch_rows=4)(np.arange(20.0)[:, None])


@given(hnp.arrays(np.float16, (30, 4), elements=st.floats(0.125, 1, width=16)))
def test_half_precision_probabilities_pass_and_sum_to_one(raw):
    probabilities = (raw / raw.sum(1, keepdims=True)).astype(np.float16)
    predictor = Predictor(lambda rows: rows, "classification", classes="abcd")
    answers = predictor(probabilities)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(answers, probabilities, atol=1e-3)


def test_probabilities_that_sum_to_one_are_left_as_the_model_gave_them():
    rows = np.random.default_rng(0).dirichlet(np.ones(5), 1000)
    np.testing.assert_array_equal(Predictor(lambda r: r, "classification", "abcde")(rows), rows)


def test_columns_go_to_the_model_in_its_order_and_a_missing_one_is_named():
    predictor = binary(lambda rows: rows["b"] - rows["a"], features=("b", "a"))
    frame = pd.DataFrame({"a": [0.25], "other": ["x"], "b": [1.0]})
    assert predictor(frame)[0, 1] == 0.75
    with pytest.raises(InputError, match=r"column 'b'.*Its columns: a, c"):
        predictor(frame.rename(columns={"b": "c"})[["a", "c"]])
    wide = pd.DataFrame(0, index=[0], columns=[f"column {number}" for number in range(74)])
    with pytest.raises(InputError, match=r"column 9 and 64 more\.$"):
        predictor(wide)


def test_a_column_that_a_converter_has_renamed_is_found_where_there_is_one_only():
    predictor = binary(
        lambda rows: rows["hours_per_week"] - rows["age"], features=("hours_per_week", "age")
    )
    frame = pd.DataFrame({"age": [0.25], "hours-per-week": [1.0]})
    assert predictor(frame)[0, 1] == 0.75
    exact = frame.assign(hours_per_week=0.5)
    assert predictor(exact)[0, 1] == 0.25
    with pytest.raises(InputError, match="reads the column 'hours_per_week'"):
        predictor(frame.assign(**{"hours per week": 1.0}))
    twins = binary(first_column, features=("a_b", "a.b"))
    with pytest.raises(InputError, match="reads the column 'a_b'"):
        twins(pd.DataFrame({"a-b": [0.5]}))


def test_an_array_is_taken_to_hold_the_features():
    predictor = binary(lambda rows: rows["b"], features=("a", "b"))
    assert predictor(np.array([[0.0, 0.75]]))[0, 1] == 0.75
    with pytest.raises(InputError, match="reads 2 columns, and the array has 3"):
        predictor(np.zeros((1, 3)))


def test_the_most_probable_class_is_decided_and_the_first_of_equals():
    predictor = binary()
    assert predictor.decide(np.array([[0.5, 0.5], [0.4, 0.6], [0.9, 0.1]])).tolist() == [0, 1, 0]
    lenient = binary(decision=lambda answers: (answers[:, 1] >= 0.5).astype(int))
    assert lenient.decide(np.array([[0.5, 0.5]])).tolist() == [1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes": ("only",)}, "has 1 classes"),
        ({"classes": (1, "1")}, "a class twice"),
        ({"classes": NO_YES, "batch_rows": 0}, "batch_rows=0"),
    ],
)
def test_a_predictor_that_cannot_decide_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        Predictor(first_column, "classification", **options)
