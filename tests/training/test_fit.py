"""Training ends where it would have ended, whatever happened on the way, and leaves no trace."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError, ModelError, StoppedError
from alignlab.training import Batch, CrossEntropy, Term, as_training_data, fit
from alignlab.training.checkpoints import CHECKPOINT


def rows(n=120, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(n, 4, generator=generator)
    y = (X[:, 0] + X[:, 1] > X[:, 2] + X[:, 3]).long()
    return X, y


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Linear(4, 8),
            torch.nn.BatchNorm1d(8),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(8, 2),
        )


def bits(module):
    return {name: value.numpy().tobytes() for name, value in module.state_dict().items()}


@dataclass(eq=False, kw_only=True)
class Counting(Term):
    """Has a state and random numbers of its own, on both of which its value depends."""

    name: ClassVar[str] = "counting"

    steps: int = 0

    def value(self, batch: Batch):
        self.steps += 1
        noise = torch.rand((), generator=batch.generator)
        return noise * batch.logits.square().mean() / self.steps

    def state(self):
        return {"steps": torch.tensor(self.steps)}

    def restore(self, state):
        self.steps = int(state["steps"])


def objective():
    return [CrossEntropy(), Counting(weight=0.5)]


OPTIONS = {"epochs": 5, "batch_rows": 16, "learning_rate": 0.02, "seed": 3}


class StopItError(Exception):
    pass


def stopping_at(step, error):
    def progress(name, done, total):
        if done == step:
            raise error

    return progress


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("schedule", ["none", "cosine", "step"])
def test_a_seed_says_everything_down_to_the_bits(optimizer, schedule):
    options = {**OPTIONS, "optimizer": optimizer, "schedule": schedule}
    first, second, other = network(), network(), network()
    torch.manual_seed(1)
    one = fit(first, rows(), objective(), **options)
    torch.manual_seed(2)
    two = fit(second, rows(), objective(), **options)
    fit(other, rows(), objective(), **{**options, "seed": 4})
    assert bits(first) == bits(second)
    assert one.to_dict() == two.to_dict()
    assert bits(first) != bits(other)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@settings(max_examples=4, deadline=None)
@given(step=st.integers(1, 29))
def test_going_on_is_as_if_never_stopped(tmp_path_factory, optimizer, step):
    options = {**OPTIONS, "optimizer": optimizer, "schedule": "cosine", "clip": 1.0}
    whole, parts = network(), network()
    place = tmp_path_factory.mktemp("whole")
    expected = fit(whole, rows(), objective(), out=place, **options)
    out = tmp_path_factory.mktemp("parts")
    with pytest.raises(StoppedError, match="Go on with resume"):
        fit(
            parts, rows(), objective(), out=out,
            progress=stopping_at(step, KeyboardInterrupt()), **options,
        )  # fmt: skip
    again = network(seed=9)  # what it is before going on is nothing
    found = fit(again, rows(), objective(), out=out, resume=True, **options)
    assert bits(again) == bits(whole)
    assert found.to_dict() == expected.to_dict()
    for name in (CHECKPOINT, "metrics.csv", "metrics.jsonl"):
        assert (out / name).read_bytes() == (place / name).read_bytes()
    assert len(list(out.iterdir())) == 3  # nothing half-written


def test_after_k_epochs_there_is_more_to_come(tmp_path):
    whole, parts = network(), network()
    fit(whole, rows(), objective(), **OPTIONS)
    fit(parts, rows(), objective(), out=tmp_path, **{**OPTIONS, "epochs": 2})
    fit(parts, rows(), objective(), out=tmp_path, resume=True, **OPTIONS)
    assert bits(whole) == bits(parts)


def test_what_is_done_is_not_done_again(tmp_path):
    module = network()
    first = fit(module, rows(), objective(), out=tmp_path, **OPTIONS)
    second = fit(network(), rows(), objective(), out=tmp_path, resume=True, **OPTIONS)
    assert second.to_dict() == first.to_dict()
    assert bits(second.module) == bits(module)


def test_nothing_else_is_touched():
    module = network()
    module[1].eval()
    flags = [part.training for part in module.modules()]
    for each in module.parameters():
        each.grad = torch.ones_like(each)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fit(module, rows(), objective(), **OPTIONS)
    with pytest.raises(StopItError):
        fit(module, rows(), objective(), progress=stopping_at(7, StopItError()), **OPTIONS)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpys).all()  # noqa: NPY002
    assert [part.training for part in module.modules()] == flags
    assert all(torch.equal(each.grad, torch.ones_like(each)) for each in module.parameters())


def test_the_best_epoch_stays_and_patience_ends():
    told = iter([0.1, 0.9, 0.5, 0.4, 0.3, 0.2])
    states = []

    def measure(module, data):
        states.append(bits(module))
        return next(told)

    module = network()
    result = fit(module, rows(), objective(), measure=measure, patience=3, **OPTIONS)
    assert (result.best_epoch, result.best, len(result.history)) == (2, 0.9, 5)
    assert result.stopped == "measure did not get better for 3 epochs."
    assert bits(module) == states[1] != states[-1]


def test_a_measure_that_is_not_a_number_at_first_does_not_stay_the_best():
    told = iter([float("nan"), 0.5, 0.4, float("nan"), 0.6])
    result = fit(network(), rows(), objective(), measure=lambda *_: next(told), **OPTIONS)
    assert (result.best_epoch, result.best) == (5, 0.6)


def test_more_patience_goes_on_as_if_it_had_been_there_from_the_start(tmp_path):
    told = [0.1, 0.9, 0.5, 0.4, 0.3]

    def measuring(values):
        def measure(module, data):
            return next(values)

        return {"measure": measure, **OPTIONS}

    one = fit(
        network(), rows(), objective(), patience=1, out=tmp_path / "a", **measuring(iter(told))
    )
    assert (len(one.history), one.stopped) == (3, "measure did not get better for 1 epoch.")
    left = measuring(iter(told[3:]))
    more = fit(network(), rows(), objective(), patience=3, out=tmp_path / "a", resume=True, **left)
    whole = fit(
        network(), rows(), objective(), patience=3, out=tmp_path / "b", **measuring(iter(told))
    )
    assert more.to_dict() == whole.to_dict()
    assert bits(more.module) == bits(whole.module)
    saved = [(tmp_path / place / CHECKPOINT).read_bytes() for place in "ab"]
    assert saved[0] == saved[1]


def test_stopped_after_an_epoch_was_measured_it_counts_those_that_are_kept(tmp_path):
    class Interrupted(CrossEntropy):
        def after_epoch(self, module, validation, epoch):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(StoppedError, match="stopped in epoch 3 of 5; the 2 before it are kept"):
        fit(network(), rows(), Interrupted(), out=tmp_path, **OPTIONS)


def test_without_validation_the_last_epoch_stays():
    module = network()
    result = fit(module, rows(), objective(), validation=None, **OPTIONS)
    assert result.best_epoch == 5
    assert len(result.train_rows) == 120
    assert result.history[0].validation == {}


@dataclass(eq=False, kw_only=True)
class Faulty(Term):
    name: ClassVar[str] = "faulty"

    gradient: bool = False
    steps: int = 0
    finished: int = 0

    def value(self, batch):
        self.steps += batch.step > 10
        value = batch.logits.square().mean()
        if not self.steps:
            return value
        return (value * 0).sqrt() if self.gradient else value * float("nan")

    def finish(self, module):
        self.finished += 1


@pytest.mark.parametrize("gradient", [False, True])
def test_what_is_not_finite_is_named_and_nothing_is_lost(tmp_path, gradient):
    module, term = network(), Faulty(gradient=gradient)
    with pytest.raises(
        ModelError, match=r"term .faulty. is .*in epoch 2; .* has epoch 1.s"
    ) as told:
        fit(module, rows(), [CrossEntropy(), term], out=tmp_path, **OPTIONS)
    assert "\n" not in str(told.value)
    assert term.finished == 1
    once = network()
    fit(once, rows(), [CrossEntropy(), Faulty()], **{**OPTIONS, "epochs": 1})
    assert bits(module) == bits(once)
    assert all(torch.isfinite(value).all() for value in module.state_dict().values())


@dataclass(eq=False, kw_only=True)
class Hooked(Term):
    name: ClassVar[str] = "hooked"

    def __post_init__(self):
        super().__post_init__()
        self.calls, self.rates, self.states = [], [], []

    def prepare(self, module, data):
        self.calls.append("prepare")
        self.rows = len(data)
        module.extra = torch.nn.Dropout(0.1)

    def after_step(self, module, learning_rate):
        assert not torch.is_grad_enabled()
        self.rates.append(learning_rate)

    def after_epoch(self, module, validation, epoch):
        self.calls.append(f"epoch {epoch} on {len(validation)}")
        self.states.append(bits(module))
        return "It has collapsed." if epoch == 2 else None

    def finish(self, module):
        self.calls.append("finish")
        del module.extra


def test_hooks_are_called_and_a_collapse_goes_back():
    module, term = network(), Hooked()
    options = {**OPTIONS, "validation": 0.25, "schedule": "cosine"}
    result = fit(module, rows(), [CrossEntropy(), term], **options)
    assert term.calls == ["prepare", "epoch 0 on 30", "epoch 1 on 30", "epoch 2 on 30", "finish"]
    assert term.rows == 90
    assert result.stopped == "It has collapsed."
    assert bits(module) == term.states[result.best_epoch - 1]
    assert result.best_epoch <= 2
    assert not hasattr(module, "extra")
    last = fit(network(), rows(), [CrossEntropy(), Hooked()], validation=None, **OPTIONS)
    assert last.best_epoch == 2
    assert term.rates[0] == 0.02 > term.rates[-1]


def test_every_term_finishes_also_after_an_error():
    first, second = Hooked(), Faulty(gradient=True)
    module = network()
    with pytest.raises(StopItError):
        fit(
            module, rows(), [CrossEntropy(), first, second],
            progress=stopping_at(3, StopItError()), **OPTIONS,
        )  # fmt: skip
    assert first.calls[-1] == "finish"
    assert second.finished == 1


def test_the_terms_means_are_written_down(tmp_path):
    result = fit(network(), rows(), [CrossEntropy(weight=2)], out=tmp_path, **OPTIONS)
    frame = result.to_frame()
    assert np.allclose(frame["objective"], 2 * frame["term cross_entropy"])
    header = (tmp_path / "metrics.csv").read_text().splitlines()[0].split(",")
    assert header == list(frame.columns)
    assert "validation accuracy" in header


def test_one_step_is_the_one_of_gradient_descent():
    X, y = rows(8)
    module = torch.nn.Linear(4, 2)
    loss = torch.nn.functional.cross_entropy(module(X), y)
    weight, bias = torch.autograd.grad(loss, module.parameters())
    expected = module.weight - 0.5 * (weight + 0.9 * weight), module.bias - 0.5 * 1.9 * bias
    fit(
        module, (X, y), CrossEntropy(), validation=None, epochs=1, batch_rows=8, optimizer="sgd",
        learning_rate=0.5,
    )  # fmt: skip
    assert torch.allclose(module.weight, expected[0])
    assert torch.allclose(module.bias, expected[1])


WRONG = [
    ({"epochs": 0}, "epochs=0 is not a whole number from 1"),
    ({"batch_rows": 2.5}, "batch_rows=2.5 is not"),
    ({"patience": 0}, "patience=0"),
    ({"optimizer": "adamm"}, "Did you mean 'adam'"),
    ({"schedule": "cosin"}, "Did you mean 'cosine'"),
    ({"learning_rate": 0}, "learning_rate=0 is not a number above 0"),
    ({"learning_rate": "0.1"}, "learning_rate='0.1' is not a number above 0"),
    ({"clip": -1}, "clip=-1"),
    ({"clip": "1"}, "clip='1' is not a norm"),
    ({"measure": 3}, "measure=3 is neither a function nor one of accuracy, loss"),
    ({"measure": "acuracy"}, "Did you mean 'accuracy'"),
    ({"measure": "worst gap in breed"}, "no column 'breed'"),
    ({"measure": "robust accuracy"}, "needs a threat"),
    ({"validation": 0.001}, "leaves no rows to validate with"),
    ({"validation": 0.999}, "leaves no rows to train with"),
    ({"validation": 1.5}, "not between 0 and 1"),
    ({"validation": (torch.rand(4, 3), [0, 1, 0, 1])}, "validation rows have shape"),
    ({"validation": None, "patience": 2}, "without validation rows"),
    ({"resume": True}, "without out"),
    ({"seed": -1}, "seed=-1"),
    ({"device": "cudda"}, "device='cudda' cannot be used here: PyTorch has no device"),
    ({"seed": np.random.default_rng(0)}, "seed must be a whole number"),
    ({"batch_rows": 1}, "the batch normalisation '1': a row has no spread"),
]


@pytest.mark.parametrize(("given_options", "message"), WRONG)
def test_what_cannot_be_meant_is_said_in_one_line(given_options, message):
    with pytest.raises(InputError, match=message) as told:
        fit(network(), rows(), objective(), **given_options)
    assert "\n" not in str(told.value)


def test_validation_rows_have_the_classes_of_those_to_learn_from():
    X, y = rows()
    named = np.array(["no", "yes"])[y.numpy()]
    known = as_training_data((X, named))
    by_name = fit(network(), known, objective(), validation=(X[:40], named[:40]), **OPTIONS)
    by_position = fit(network(), known, objective(), validation=(X[:40], y[:40]), **OPTIONS)
    assert by_name.to_dict() == by_position.to_dict()
    with pytest.raises(InputError, match="'nope'"):
        fit(network(), known, objective(), validation=(X[:2], ["no", "nope"]), **OPTIONS)
    turned = as_training_data((X, named), classes=["yes", "no"])
    with pytest.raises(InputError, match="the classes yes, no; the rows to learn from"):
        fit(network(), known, objective(), validation=turned, **OPTIONS)


def test_an_objective_that_says_nothing_is_refused():
    with pytest.raises(InputError, match="has a value to make small"):
        fit(network(), rows(), [Term()], **OPTIONS)
    with pytest.raises(InputError, match="Give terms"):
        fit(network(), rows(), "cross_entropy", **OPTIONS)
    frozen = network()
    for each in frozen.parameters():
        each.requires_grad = False
    with pytest.raises(InputError, match="no parameters that can be trained"):
        fit(frozen, rows(), objective(), **OPTIONS)


def test_a_training_is_neither_overwritten_nor_mixed_with_another(tmp_path):
    fit(network(), rows(), objective(), out=tmp_path, **OPTIONS)
    kept = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(InputError, match="holds a training already"):
        fit(network(), rows(), objective(), out=tmp_path, **OPTIONS)
    changed = [
        ({"learning_rate": 0.5}, "learning_rate=0.02"),
        ({"batch_rows": 17}, "batch_rows=16"),
        ({"seed": 4}, "seed=3"),
        ({"data": rows(seed=1)}, "other rows"),
        ({"objective": [CrossEntropy()]}, "another objective"),
        ({"module": torch.nn.Linear(4, 2)}, "another module"),
    ]
    for change, message in changed:
        options = {**OPTIONS, "module": network(), "data": rows(), "objective": objective()}
        options |= change
        with pytest.raises(InputError, match=message):
            fit(
                options.pop("module"), options.pop("data"), options.pop("objective"),
                out=tmp_path, resume=True, **options,
            )  # fmt: skip
    assert (tmp_path / CHECKPOINT).read_bytes() == kept
    with pytest.raises(InputError, match="no training to go on with"):
        fit(network(), rows(), objective(), out=tmp_path / "other", resume=True, **OPTIONS)
    assert not (tmp_path / "other").exists()
