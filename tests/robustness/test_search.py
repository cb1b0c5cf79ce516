"""Broken rows leave at once, with a witness; the others stay in step with what is handed back."""

import torch

from alignlab.robustness.threats import Linf


def test_what_breaks_leaves_and_the_rest_stays_in_step(linear, search_of):
    module, x, y = linear(features=6, seed=1)
    search = search_of(module, x, y, Linf(1.0))
    candidates = x.clone()
    candidates[::4] = torch.rand(10, 6, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    logits = search.logits(candidates)
    others = torch.arange(len(x))
    wrong = module(candidates).argmax(1) != y
    rest, numbers = search.settle(candidates, logits, others)
    assert wrong.any()
    assert torch.equal(search.broken, wrong)
    assert torch.equal(numbers, others[~wrong])
    assert torch.equal(rest, candidates[~wrong])
    assert torch.equal(search.x, x[~wrong])
    assert torch.equal(search.y, y[~wrong])
    assert torch.equal(search.witnesses[wrong], candidates[wrong])
    assert torch.equal(search.witnesses[~wrong], x[~wrong])


def test_a_candidate_outside_the_threat_breaks_nothing(linear, search_of):
    module, x, y = linear()
    search = search_of(module, x, y, Linf(1e-6))
    far = x.flip(0)
    search.settle(far, search.logits(far))
    assert not search.broken.any()
    assert len(search) == len(x)


def test_a_rows_numbers_do_not_depend_on_who_is_still_open(linear, search_of):
    module, x, y = linear()
    whole, part = search_of(module, x, y), search_of(module, x, y)
    part.open = part.open[::3]
    drawn = whole.streams_of_open("a").uniform(5)[::3]
    assert (part.streams_of_open("a").uniform(5) == drawn).all()


def test_a_row_without_an_answer_breaks_nothing(linear, search_of):
    module, x, y = linear()
    search = search_of(module, x, y)
    wrong = torch.nn.functional.one_hot((y + 1) % 3, 3).double()
    for nothing in (float("nan"), float("inf")):
        search.settle(x, torch.where(wrong == 1, nothing, wrong))
        assert not search.broken.any()
    search.settle(x, wrong)
    assert search.broken.all()
