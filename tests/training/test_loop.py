"""While a training is under way: what a person sees of it, and where its rows are."""

import pytest
import torch

from alignlab.training import CrossEntropy, fit
from alignlab.training.loop import as_before


def rows():
    X = torch.linspace(-1, 1, 50)[:, None]
    return X, (X[:, 0] > 0).long()


def test_every_step_is_told_with_what_was_last_measured():
    told = []
    fit(
        torch.nn.Linear(1, 2), rows(), CrossEntropy(), epochs=3, batch_rows=20,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert [done for _, done, _ in told] == list(range(7))
    assert {total for _, _, total in told} == {6}
    assert told[0][0] == "epoch 1 of 3"
    assert told[-2][0].startswith("epoch 3 of 3, accuracy 0.")


def test_going_on_counts_what_is_left(tmp_path):
    told = []
    options = {"batch_rows": 20, "out": tmp_path}
    fit(torch.nn.Linear(1, 2), rows(), CrossEntropy(), epochs=1, **options)
    fit(
        torch.nn.Linear(1, 2), rows(), CrossEntropy(), epochs=3, resume=True, **options,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert told[0][:3] == ("epoch 2 of 3, accuracy " + told[0][0][-5:], 0, 4)


def test_everything_is_put_back_also_after_an_error():
    module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Dropout())
    module[1].eval()
    state = torch.get_rng_state()
    with pytest.raises(KeyError), as_before(module, "cpu") as place:  # noqa: PT012
        assert place.type == "cpu"
        module.train()
        torch.rand(3)
        module[0].weight.grad = torch.ones(1, 1)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training, module[1].training] == [True, False]
    assert module[0].weight.grad is None
