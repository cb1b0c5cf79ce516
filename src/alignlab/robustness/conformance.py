"""What the evaluation relies on in every attack, tested on small models whose answers are known.

A plug-in's test is one line: `assert_attack_conforms(Mine())`. The built-in attacks pass it too.
"""

from __future__ import annotations

from alignlab.predictors import as_predictor
from alignlab.random import row_streams
from alignlab.robustness.attacked import AttackedModel
from alignlab.robustness.search import Attack, Search
from alignlab.robustness.threats import Ball, Linf

__all__ = ["assert_attack_conforms"]

ROWS, FEATURES, CLASSES = 12, 6, 4

BATCH, SMALL_BATCH = 64, 5

TOLERANCE = 1e-6


def assert_attack_conforms(
    attack: Attack, *, threat: Ball | None = None, company: bool = True
) -> None:
    """Test that an attack keeps the promises that an evaluation relies on.

    Without open rows it asks for nothing, and refuses a threat that it does not know. It breaks
    rows of a model whose boundary is near, and none within a radius of 0. What it finds is the same
    for any size of batch, whichever other rows are beside a row, and each time. It passes no row
    that is broken. The rows, the model and torch's global random numbers are as before.

    Parameters
    ----------
    attack
        Made with the settings to be tested.
    threat
        Within which it can break a linear model of 6 inputs in [0, 1]; L∞ of radius 0.3 by default.
    company
        Whether what it finds may not depend on the rows beside a row; `False` for an attack that
        begins at one of them.

    Raises
    ------
    AssertionError
        If a promise is broken; the message names it.

    Examples
    --------
    >>> from alignlab.robustness.attacks import PGD
    >>> assert_attack_conforms(PGD(steps=5))
    """
    import torch

    threat = Linf(0.3) if threat is None else threat
    with torch.random.fork_rng(devices=[]):
        trial = _Trial(attack, threat)
        nobody = trial.search(range(0))
        attack(nobody)
        trial.promise(nobody.model.forward_rows == 0, "it asks the model without an open row.")
        whole = trial.attacked(range(ROWS))
        trial.promise(bool(whole.broken.any()), f"it breaks nothing within {threat}.")
        trial.holds(whole)
        trial.same(whole, trial.attacked(range(ROWS)), "a second time")
        trial.same(whole, trial.attacked(range(ROWS), SMALL_BATCH), "in smaller batches")
        if company:
            some = range(0, ROWS, 2)
            trial.same(whole, trial.attacked(some), "with other rows beside it", some)
            trial.passes_only_open_rows()
        still = _Trial(attack, threat.with_radius(0.0)).attacked(range(ROWS))
        trial.promise(not bool(still.broken.any()), "it breaks rows within a radius of 0.")


class _Trial:
    """A linear model, rows that it gets right, and an attack on them."""

    def __init__(self, attack: Attack, threat: Ball) -> None:
        import torch

        generator = torch.Generator().manual_seed(0)
        self.attack, self.threat = attack, threat
        self.module = torch.nn.Linear(FEATURES, CLASSES, dtype=torch.float64).eval()
        with torch.no_grad():
            self.module.weight.copy_(torch.randn(CLASSES, FEATURES, generator=generator))
            self.module.bias.zero_()
        self.x = torch.rand(ROWS, FEATURES, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            self.y = self.module(self.x).argmax(1)

    def promise(self, kept: bool, what: str) -> None:
        if not kept:
            raise AssertionError(f"{self.attack.name}: {what}")

    def search(self, rows: range, batch_rows: int = BATCH) -> Search:
        at = list(rows)
        predictor = as_predictor(self.module, classes=list(range(CLASSES)))
        model = AttackedModel(predictor, batch_rows=batch_rows)
        streams = row_streams(0, ROWS, "attack")[at]
        return Search(model, self.threat, self.x[at].clone(), self.y[at].clone(), streams)

    def attacked(self, rows: range, batch_rows: int = BATCH) -> Search:
        """Return a search that the attack is done with; nothing else may have changed."""
        import torch

        torch.default_generator.manual_seed(1)
        random = torch.get_rng_state()
        weights = {name: value.clone() for name, value in self.module.state_dict().items()}
        search = self.search(rows, batch_rows)
        with search.model:
            self.attack(search)
            drawn = not torch.equal(torch.get_rng_state(), random)
        self.promise(not drawn, "it uses torch's global random numbers: take the search's streams.")
        self.promise(
            torch.equal(search.clean, self.x[list(rows)]), "it changes the rows it is given."
        )
        now = self.module.state_dict()
        self.promise(
            all(torch.equal(value, now[name]) for name, value in weights.items())
            and all(each.requires_grad and each.grad is None for each in self.module.parameters()),
            "it changes the model.",
        )
        return search

    def holds(self, search: Search) -> None:
        import torch

        found, at = search.broken, torch.arange(ROWS)
        with torch.no_grad():
            wrong = self.module(search.witnesses).argmax(1) != self.y
        inside = self.threat.allows(search.witnesses, self.x)
        lost = at[found & ~(wrong & inside)].tolist()
        self.promise(
            not lost,
            f"the witness of row {lost[:1]} does not hold when the model is asked again: settle "
            "with the logits of the candidates themselves.",
        )

    def same(self, whole: Search, other: Search, when: str, rows: range = range(ROWS)) -> None:
        import torch

        at = list(rows)
        # How many rows are multiplied at once changes the last digits of a product.
        near = torch.allclose(whole.witnesses[at], other.witnesses, rtol=0, atol=TOLERANCE)
        agree = bool((whole.broken[at] == other.broken).all()) and near
        self.promise(agree, f"it finds something else {when}: draw from search.streams_of_open.")

    def passes_only_open_rows(self) -> None:
        """Attack rows that are always wrong beside rows that never are: nobody pays for others."""
        import torch

        with torch.no_grad():
            self.module.bias[0] += 1000
        self.y = torch.arange(ROWS) % 2  # class 0 is what the model says wherever it is asked
        lost, kept = range(1, ROWS, 2), range(0, ROWS, 2)
        apart = [self.attacked(rows).model.forward_rows for rows in (lost, kept)]
        together = self.attacked(range(ROWS)).model.forward_rows
        self.promise(
            together == sum(apart),
            f"it passes {together} rows where it passed {apart[0]} to break one half of them and "
            f"{apart[1]} for the half that holds: go on with what search.settle returns.",
        )
