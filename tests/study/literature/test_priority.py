import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.study.literature.priority import random_sample, screening_order
from alignlab.study.literature.screening import Decision, Screening
from alignlab.study.literature.works import Work

WORDS = ["fairness", "groups", "equality", "gap"], ["chips", "kernel", "cache", "memory"]


def corpus(n=300, share=0.1, seed=0):
    rng = np.random.default_rng(seed)
    relevant = rng.random(n) < share
    papers = tuple(
        Work(key=f"p{i}", title=" ".join(rng.choice(WORDS[0 if is_ else 1], 3)),
             abstract=" ".join(rng.choice([*WORDS[0], *WORDS[1]], 3)))
        for i, is_ in enumerate(relevant)
    )  # fmt: skip
    return papers, {each.key: bool(is_) for each, is_ in zip(papers, relevant, strict=True)}


def decided(papers, truth, keys):
    said = {key: Decision("include" if truth[key] else "exclude", "x") for key in keys}
    return Screening(papers, {"ana": said, "bo": said})


def test_relevant_papers_come_early():
    papers, truth = corpus()
    seen: list[str] = []
    for _ in range(6):
        order = screening_order(decided(papers, truth, seen))
        seen += [key for key in order.keys if key not in seen][:20]
    found = sum(truth[key] for key in seen)
    assert len(seen) == 120
    assert found / sum(truth.values()) > 0.9  # by chance 0.4


def test_the_sample_is_a_tenth_of_every_beginning_and_does_not_move():
    papers, truth = corpus()
    sample = random_sample(papers)
    assert 15 <= len(sample) <= 45
    order = screening_order(decided(papers, truth, [each.key for each in papers[:40]]))
    assert order.sample == sample
    waiting = order.keys[:50]
    assert sum(key in sample for key in waiting) == 5
    assert list(random_sample(papers[:100])) == [key for key in sample if int(key[1:]) < 100]


def test_a_paper_is_as_likely_to_be_drawn_whatever_it_is():
    papers, truth = corpus(4000, share=0.5)
    drawn = [truth[key] for key in random_sample(papers, seed=3)]
    assert abs(np.mean(drawn) - 0.5) < 4 * 0.5 / np.sqrt(len(drawn))


def test_the_order_does_not_tell_what_the_other_said():
    papers, truth = corpus(60)
    both = decided(papers, truth, [each.key for each in papers[:20]])
    more = {each.key: Decision("include") for each in papers[30:40]}
    assert screening_order(both.by("ana", more)).keys == screening_order(both).keys


def test_the_same_seed_gives_the_same_order_and_rows_do_not_matter():
    papers, truth = corpus(80)
    held = decided(papers, truth, [each.key for each in papers[:30]])
    again = Screening(tuple(reversed(papers)), held.said)
    n = 50
    assert screening_order(held).keys[:n] == screening_order(again).keys[:n]
    assert screening_order(held, seed=1).keys != screening_order(held).keys


def test_nothing_to_learn_from_is_no_error():
    papers = (Work(key="a", title="!"), Work(key="b", title="?"))
    said = {"a": Decision("include"), "b": Decision("exclude")}
    assert screening_order(Screening(papers, {"x": said})).learned == 0
    assert screening_order(Screening(())).keys == ()


@pytest.mark.parametrize("share", [0, 1.5, float("nan")])
def test_a_share_that_is_none(share):
    with pytest.raises(InputError, match="random_share"):
        screening_order(Screening(()), random_share=share)
