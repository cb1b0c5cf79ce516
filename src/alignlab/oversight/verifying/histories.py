"""What each person did, one event after another, and what an answer may therefore say.

An answer holds what its case's row in `shown` said at that moment: the own answer before advice,
the replies of an interview, whether the explanation was asked for, which side stood first. Whoever
edits that row would put words into the record that nobody said; but each of these is an event too,
or follows from the seed, and the answer is held against it.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from alignlab.oversight.queue.arms import coin
from alignlab.oversight.settings import Settings

__all__ = ["Histories", "Told"]


class Told(NamedTuple):
    """What an item is, as far as an answer follows from it."""

    key: str
    kind: str
    drawn: str
    advised: bool
    explained: bool


class Histories:
    """What people did until now.

    Attributes
    ----------
    standing
        Each person's answers that stand, oldest first.
    given
        How many cases each person was given, of each sort (`Told.drawn`); live leases aside.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.standing: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        self.given: Counter[tuple[str, str]] = Counter()
        self._own: dict[tuple[str, str], Any] = {}
        self._said: dict[tuple[str, str], list[Any]] = {}
        self._revealed: set[tuple[str, str]] = set()

    def apply(self, seq: int, kind: str, who: str, body: Any, item: Told, arm: str) -> str:
        """Take an event about an item; return what is wrong with it, "" where nothing is.

        Parameters
        ----------
        seq, kind, who, body, item
            Of the event.
        arm
            Which the person was invited to, where each stays in one.
        """
        case = (who, item.key)
        fault = ""
        if kind == "answer":
            fault = self._wrong(case, body, item, arm)
            self.standing[who].append(seq)
            self.given[who, item.drawn] += 1
            if body["said"]:
                self._said[case] = body["said"]
        elif kind in ("expired", "released"):
            self.given[who, item.drawn] += 1
        elif kind == "undone":
            mine = self.standing[who]
            if not mine or mine[-1] != body["supersedes"]:
                return f"takes back event {body['supersedes']}, which is not {who}'s last answer"
            mine.pop()
            self.given[who, item.drawn] -= 1
        elif kind == "own":
            self._own[case] = body["own"]
        elif kind == "reply":
            self._said.setdefault(case, []).append(body)
        elif kind == "revealed":
            self._revealed.add(case)
        return fault

    def previous(self) -> Iterable[tuple[int, int]]:
        """Yield each answer that stands with its person's one before, 0 where there is none."""
        for mine in self.standing.values():
            yield from zip(mine, (0, *mine), strict=False)

    def _wrong(self, case: tuple[str, str], body: Mapping[str, Any], item: Told, arm: str) -> str:
        """Return which part of an answer does not follow from what came before it."""
        own, said = self._own.get(case), self._said.get(case, [])
        if body["own"] != own:
            return "says another own answer than was given before it"
        if body["said"][: len(said)] != said or len(body["said"]) > len(said) + 1:
            return "says other replies than were given before it"
        swapped = item.kind == "prefer" and coin(self.settings.seed, "sides", *case) < 0.5
        if body["swapped"] != swapped:
            return "says that the sides stood otherwise than the seed has them"
        if not self._arm_fits(body["arm"], item, arm):
            return "says an arm that its person was not in"
        final = item.kind == "decide" and (body["arm"] != "own first" or own is not None)
        advice = final and body["arm"] not in ("", "none")
        seen = body["arm"] in ("explanation", "own first") or case in self._revealed
        if (body["advice"], body["card"]) != (advice, final and item.explained and seen):
            return "says that advice or an explanation was seen which its arm does not show"
        return ""

    def _arm_fits(self, told: str, item: Told, arm: str) -> bool:
        if item.kind != "decide" or not item.advised:
            return told == ""
        return told == arm if self.settings.arms_by == "reviewer" else told in self.settings.arms
