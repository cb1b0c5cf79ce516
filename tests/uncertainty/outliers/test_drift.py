import json

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.uncertainty.outliers.drift import MOST_LEVELS, OTHERS, detect_drift


def table(rng, n):
    return pd.DataFrame(
        {
            "age": rng.normal(40, 12, n),
            "children": rng.integers(0, 4, n),
            "home": rng.choice(["own", "rent", "free"], n, p=[0.6, 0.3, 0.1]),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 20, n)),
        }
    )


@pytest.fixture
def old():
    return table(np.random.default_rng(0), 1500)


def by_name(result, name, kind=None):
    return next(each for each in result.features if each.name == name and kind in (None, each.kind))


def test_two_columns_by_hand():
    old = pd.DataFrame({"x": np.arange(100.0), "home": ["own"] * 50 + ["rent"] * 50})
    new = pd.DataFrame({"x": np.arange(50.0, 150.0), "home": ["own"] * 20 + ["rent"] * 80})
    result = detect_drift(old, new, joint=False)
    x, home = by_name(result, "x"), by_name(result, "home")
    assert (x.statement, x.before, x.after, x.new) == ("x ≤ 49", 0.5, 0.0, 0.5)
    assert (home.change.value, home.before, home.after) == pytest.approx((0.3, 0.5, 0.2))
    assert str(home) == "home = own: 50.0% → 20.0%"
    assert x.adjusted == 2 * x.p_value
    assert home.adjusted == pytest.approx(max(home.p_value, x.adjusted))


@pytest.mark.parametrize(("n", "m"), [(40, 25), (150, 60)])
def test_without_drift_there_is_no_alarm_more_often_than_stated(n, m):
    rng = np.random.default_rng(n)
    draws = 80
    alarms = 0
    for draw in range(draws):
        result = detect_drift(table(rng, n), table(rng, m), least=0, joint=False, seed=draw)
        alarms += bool(result.drifted)
    assert alarms / draws <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.parametrize(
    ("change", "name", "kind"),
    [
        (lambda t: t.assign(age=t["age"] + 6), "age", "numbers"),
        (lambda t: t.assign(home=t["home"].replace("rent", "own")), "home", "categories"),
        (lambda t: t.assign(home=t["home"].replace("rent", "squat")), "home", "categories"),
        (lambda t: t.assign(income=t["income"].mask(t["age"] > 45)), "income", "missing"),
        (lambda t: t.assign(children=t["children"].clip(0, 1)), "children", "numbers"),
    ],
)
def test_a_planted_drift_is_found_and_named(old, change, name, kind):
    new = change(table(np.random.default_rng(1), 700))
    result = detect_drift(old, new, joint=False)
    found = result.drifted
    assert (found[0].name, found[0].kind) == (name, kind)
    assert {each.name for each in found} == {name}
    assert name in result.headline


def test_a_value_never_seen_before_is_counted(old):
    new = table(np.random.default_rng(1), 500)
    new.loc[:99, "home"] = "squat"
    home = by_name(detect_drift(old, new, joint=False), "home")
    assert home.new == pytest.approx(0.2)
    assert home.statement == "home = squat"


def test_with_many_rows_what_is_significant_need_not_matter():
    rng = np.random.default_rng(0)
    old, new = (pd.DataFrame({"x": rng.normal(at, 1, 50_000)}) for at in (0.0, 0.05))
    seen = detect_drift(old, new, joint=False).features[0]
    assert seen.adjusted < 1e-6
    assert not seen.drifted
    assert detect_drift(old, new, joint=False).slight == (seen,)
    everything = detect_drift(old, new, joint=False, least=0)
    assert everything.features[0].drifted
    assert not everything.slight
    assert everything.headline.endswith("(what surely exceeds 0 points counts).")


def test_levels_are_told_apart_by_their_text_whatever_they_are():
    old = pd.DataFrame({"x": pd.Series([True, 1, "1", 2.0, "b"] * 20, dtype=object)})
    new = pd.DataFrame({"x": pd.Series([True, True, True, 2, "b"] * 20, dtype=object)})
    seen = detect_drift(old, new, joint=False).features[0]
    assert (seen.statement, seen.before, seen.after) == ("x = 1", 0.4, 0.0)


def test_what_only_changed_together_is_seen_together():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 800))
    old = pd.DataFrame({"x": x, "y": y})
    new = pd.DataFrame({"x": x, "y": x + 0.1 * y}) * [1, 1 / np.sqrt(1.01)]
    result = detect_drift(old, new)
    assert not result.drifted
    assert result.apart.low > 0.8
    assert "together the columns tell" in result.headline


def test_many_levels_are_pooled_and_names_of_rows_left_out(old):
    rng = np.random.default_rng(0)
    codes = rng.zipf(1.5, 1500) % 300
    old = old.assign(town=[f"t{code}" for code in codes], id=[f"r{at}" for at in range(1500)])
    new = old.assign(town=["t0"] * 1500)
    result = detect_drift(old, new, joint=False)
    assert by_name(result, "town").drifted
    assert list(result.left_out) == ["id"]
    assert MOST_LEVELS == 30
    others = detect_drift(
        old, old.assign(town=[f"t{500 + at % 200}" for at in range(1500)]), joint=False
    )
    assert OTHERS in by_name(others, "town").statement


def test_the_order_of_columns_and_rows_changes_nothing(old):
    new = table(np.random.default_rng(1), 300)
    first = detect_drift(old, new, joint=False)
    again = detect_drift(old[::-1], new[new.columns[::-1]][::-1], joint=False)
    assert first.to_dict() == again.to_dict()


def test_odd_columns_are_no_crash(old):
    old = old.head(60)
    odd = old.assign(empty=np.nan, flag=True, day=pd.Timestamp("2026-01-01"), nothing=None)
    new = odd.assign(empty=1.0, flag=False, nothing="x", income=np.nan)
    result = detect_drift(odd, new)
    assert by_name(result, "flag").drifted
    assert by_name(result, "empty", "missing").drifted
    assert not by_name(result, "day").drifted
    assert by_name(result, "income").kind == "missing"
    detect_drift(odd.head(1), new.head(1))


def test_the_result_is_plain_and_drawn(old):
    new = table(np.random.default_rng(1), 300)
    result = detect_drift(old, new.assign(age=new["age"] + 9))
    told = json.loads(to_json(result.to_dict()))
    assert told["features"][0]["name"] == "age"
    assert result.to_frame()["column"][0] == "age"
    assert len(result.to_frame()) == len(result) == 5
    assert result.chart().table.rows[0][0] == "age"
    assert "income: missing" in [row[0] for row in result.chart().table.rows]
    assert result.chart().svg().startswith("<svg")
    assert result._repr_html_().startswith("<p>1 of 4 columns has drifted")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"least": 5}, "least=5 is not a share"), ({"level": 95}, "level=95"), ({"seed": -1}, "seed")],
)
def test_what_cannot_be_used_is_said(old, options, message):
    with pytest.raises(InputError, match=message):
        detect_drift(old, old, **options)


def test_other_columns_are_refused(old):
    with pytest.raises(InputError, match="the reference does not have"):
        detect_drift(old, old.assign(more=1))
