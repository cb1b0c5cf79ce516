"""A verdict is true: witnesses hold when anybody asks, and nothing is paid for what is settled."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.errors import InputError
from alignlab.robustness.attacks import PGD, Square
from alignlab.robustness.evaluation import evaluate_robustness
from alignlab.robustness.threats import L1, Linf


@pytest.fixture(scope="module")
def digits():
    """Return a small network trained on digits, and rows that it has not seen."""
    X, y = load_digits(return_X_y=True)
    x, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
    module = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(x[:1200]), y[:1200]).backward()
        optimizer.step()
    return module.eval(), x[1200:1400], y[1200:1400]


@dataclass(frozen=True)
class Liar:
    """An attack that hands in rows of which it says what is not so."""

    name = "liar"
    needs_gradients = False

    def __call__(self, search):
        logits = torch.nn.functional.one_hot((search.y + 1) % 10, 10)
        search.settle(search.x, logits)


def test_every_witness_holds_when_it_is_asked_about_alone(digits):
    module, x, y = digits
    result = evaluate_robustness(module, x, y, Linf(0.08), attacks=PGD(steps=20))
    broken = result.broken
    assert 0 < (result.broken_by == "pgd").sum() < broken.sum()
    for row in np.flatnonzero(broken)[:40]:
        witness = result.witnesses[row : row + 1]
        assert module(witness).argmax(1) != y[row]
        assert float((witness.double() - x[row].double()).abs().max()) <= 0.08
        assert 0 <= witness.min() <= witness.max() <= 1
    assert torch.equal(result.witnesses[~broken], x[~broken])


def test_what_an_attack_says_is_not_believed(digits):
    module, x, y = digits
    result = evaluate_robustness(module, x, y, Linf(0.1), attacks=Liar(), certify=False)
    assert result.attacks[0].broke == 0
    assert result.attacks[0].unconfirmed == result.attacks[0].asked > 0
    assert result.robust_accuracy == result.accuracy


def test_a_radius_of_nothing_leaves_the_clean_accuracy(digits):
    module, x, y = digits
    result = evaluate_robustness(module, x, y, Linf(0.0))
    right = (module(x).argmax(1) == y).numpy()
    assert result.robust_accuracy == result.accuracy
    assert result.accuracy.value == right.mean()
    assert (result.certified == right).all()
    assert result.forward_rows == len(x)


def test_a_radius_that_spans_the_box_breaks_every_row(digits):
    module, x, y = digits
    result = evaluate_robustness(module, x, y, Linf(1.0))
    assert result.robust_accuracy.value == 0


@pytest.mark.parametrize("batch_rows", [1, 7, 250])
def test_the_size_of_a_batch_changes_no_verdict(digits, batch_rows):
    module, x, y = digits
    attack = PGD(steps=10, restarts=2)
    one = evaluate_robustness(module, x[:60], y[:60], Linf(0.06), attacks=attack)
    other = evaluate_robustness(
        module, x[:60], y[:60], Linf(0.06), attacks=attack, batch_rows=batch_rows
    )
    assert 0 < one.robust_accuracy.value < one.accuracy.value
    assert (one.status == other.status).all()


def test_the_order_of_the_rows_changes_no_verdict_but_by_luck(digits):
    module, x, y = digits
    attack = PGD(steps=10)
    straight = evaluate_robustness(module, x, y, Linf(0.06), attacks=attack)
    turned = evaluate_robustness(module, x.flip(0), y.flip(0), Linf(0.06), attacks=attack)
    assert (straight.status != turned.status[::-1]).mean() < 0.03


def test_slabs_change_no_verdict(digits, monkeypatch):
    module, x, y = digits
    whole = evaluate_robustness(module, x, y, Linf(0.06), attacks=PGD(steps=10))
    monkeypatch.setattr("alignlab.robustness.evaluation.SLAB_BYTES", 64 * 4 * 13)
    parts = evaluate_robustness(module, x, y, Linf(0.06), attacks=PGD(steps=10))
    assert (whole.status == parts.status).all()


def test_the_same_attack_twice_is_another_draw_each_time(digits):
    module, x, y = digits
    weak = PGD(steps=1, step_size=1e-9)
    once = evaluate_robustness(module, x, y, Linf(0.2), attacks=weak)
    twice = evaluate_robustness(module, x, y, Linf(0.2), attacks=[weak] * 8)
    assert [run.name for run in twice.attacks] == ["pgd", *(f"pgd {k}" for k in range(2, 9))]
    assert twice.broken.sum() > once.broken.sum()


def test_a_later_attack_gets_only_what_is_left(digits):
    module, x, y = digits
    attacks = [PGD(), PGD(loss="margin")]
    result = evaluate_robustness(module, x, y, Linf(0.06), attacks=attacks, certify=False)
    first, second = result.attacks
    assert first.asked == (result.broken_by != "as it is").sum()
    assert second.asked == first.asked - first.broke


def test_earlier_witnesses_are_taken_up(digits):
    module, x, y = digits
    small = evaluate_robustness(module, x, y, Linf(0.06), attacks=PGD())
    weak = PGD(steps=1, step_size=1e-9)
    large = evaluate_robustness(module, x, y, Linf(0.07), attacks=weak, known=small)
    assert (large.broken >= small.broken).all()
    with pytest.raises(InputError, match="known= is of 200 rows and X has 5"):
        evaluate_robustness(module, x[:5], y[:5], Linf(0.1), known=small)


def test_time_that_is_over_leaves_what_was_found(digits):
    module, x, y = digits
    long = PGD(steps=10_000)
    result = evaluate_robustness(module, x, y, Linf(0.06), attacks=long, seconds=0.3)
    assert result.stopped
    assert "when the time was over" in result.headline
    assert (result.broken_by == "pgd").sum() > 0
    assert result.seconds < 3


def test_the_model_and_torchs_random_numbers_are_as_before(digits):
    module, x, y = digits
    state, before = torch.get_rng_state(), {k: v.clone() for k, v in module.state_dict().items()}
    evaluate_robustness(module, x, y, Linf(0.06), attacks=PGD(steps=3))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())
    assert all(each.grad is None or not each.grad.isnan().any() for each in module.parameters())


def test_rows_keep_their_form_and_precision(digits):
    module, x, y = digits
    array = x.double().numpy()
    result = evaluate_robustness(module, array, y.numpy(), Linf(0.08), attacks=PGD(steps=10))
    assert result.witnesses.dtype == np.float64
    assert np.abs(result.witnesses - array).max() <= 0.08


def test_a_table_comes_back_as_a_table():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    result = evaluate_robustness(model, X.assign(note="kept"), y, Linf(0.3, low=0, high=8))
    assert isinstance(result.witnesses, pd.DataFrame)
    assert (result.witnesses["note"] == "kept").all()
    changed = model.predict(result.witnesses[X.columns]) != y
    assert (changed == result.broken).all()


def test_settings_that_are_none_are_refused(digits):
    module, x, y = digits
    with pytest.raises(InputError, match="batch_rows=0"):
        evaluate_robustness(module, x, y, Linf(0.1), batch_rows=0)
    with pytest.raises(InputError, match=r"batch_rows=2\.5"):
        evaluate_robustness(module, x, y, Linf(0.1), batch_rows=2.5)
    with pytest.raises(InputError, match="level=95 is not between 0 and 1"):
        evaluate_robustness(module, x, y, Linf(0.1), level=95)
    with pytest.raises(InputError, match="seconds=0"):
        evaluate_robustness(module, x, y, Linf(0.1), seconds=0)


@pytest.mark.parametrize("attacks", ["apgd", ["pgd", Square(queries=50)]])
def test_every_pass_is_counted_and_none_is_larger_than_asked_for(digits, attacks):
    module, x, y = digits
    seen = []
    hook = module.register_forward_hook(lambda _, rows, __: seen.append(len(rows[0])))
    result = evaluate_robustness(
        module, x, y, Linf(0.08), attacks=attacks, batch_rows=30, classes=range(10)
    )
    hook.remove()
    assert result.broken.sum() > 30
    assert result.forward_rows == sum(seen)
    assert max(seen) == 30


def test_rows_without_an_answer_stop_nothing_and_are_said(digits):
    module, x, y = digits

    class Overflowing(torch.nn.Module):
        def forward(self, x):
            return module(x) * torch.where(x[:, :1] > 0.02, float("inf"), 1.0)

    result = evaluate_robustness(Overflowing().eval(), x, y, Linf(0.05), attacks=PGD(steps=5))
    assert not result.reliable
    assert "the logits were not all finite" in result.headline
    with torch.no_grad():
        assert (module(result.witnesses).argmax(1) != y).numpy()[result.broken].all()
        assert (result.witnesses[:, 0] <= 0.02).all()


def test_an_attack_that_does_not_know_the_threat_is_refused_before_any_other_has_begun(linear):
    module, x, y = linear()
    passes = []
    module.register_forward_hook(lambda *_: passes.append(1))
    with pytest.raises(InputError, match="HopSkipJump knows"):
        evaluate_robustness(module, x, y, L1(0.1), attacks=["pgd", "hopskipjump"])
    assert len(passes) <= 1  # to see how many classes there are


def test_attacks_of_one_name_are_told_apart(linear):
    module, x, y = linear()
    found = evaluate_robustness(
        module, x, y, Linf(0.01), attacks=[PGD(steps=1), PGD(steps=2)], certify=False
    )
    assert [run.name for run in found.attacks] == ["pgd", "pgd 2"]
