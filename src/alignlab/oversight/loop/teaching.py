"""A teacher of rewards who is a person, or several, in front of a browser.

A training run asks and waits; each question stands in a review's queue until somebody answers it,
for an hour or for a week. What keeps them apart is a database, so either can be stopped and started
again: a question goes by its id, which is that of what it shows, and is never asked twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from alignlab.datasets.questions import Answer, Query
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, require_choice, require_whole
from alignlab.oversight.items import Item

if TYPE_CHECKING:
    from alignlab.oversight.archive.chain import Head
    from alignlab.oversight.review import Review

__all__ = ["ReviewTeacher", "Scene"]

Scene = Literal["cartpole", "grid", "series"]

PREFERRED: Mapping[str, float | None] = {
    "first": 0.0,
    "second": 1.0,
    "tie": 0.5,
    "both bad": None,
    "cannot tell": None,
}
"""What people say, as a number. That both are bad does not say that they are equally so."""


class ReviewTeacher:
    """Puts a training run's questions to the people of a review, and collects what they say.

    Use it as the teacher of `train_from_preferences`, with `poll=` to wait while people answer on
    the review's site, or without it to stop and resume. The true rewards are not shown to anybody,
    nor kept in the review. Answers taken back before the run has seen them do not count; afterwards
    the first one stands.

    Parameters
    ----------
    review
        Where people answer. It may hold other items beside the questions.
    scene
        How behaviour is drawn: "cartpole", "grid" (with its map) or "series", curves over time.
    prompt
        What people are asked, such as "Which one stays upright better?".
    names, action_names
        Of the components of a state, and of the actions.
    grid
        The map, one text a row.
    wanted
        How many people answer each question. A run takes the first answer; give more than 1 only
        to learn whether people agree.

    Raises
    ------
    InputError
        If the scene is unknown, the scene "grid" has no map, or `wanted` is no number.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from alignlab.oversight.review import Review
    >>> review = Review.create(Path(tempfile.mkdtemp()) / "review", [])
    >>> teacher = ReviewTeacher(review, names=["place"])
    >>> teacher.ask([Query(0, Trajectory([0, 1], [1]), Trajectory([0, 0], [0]))])
    >>> _ = review.invite("ana")
    >>> case = review.next("ana")
    >>> _ = review.submit("ana", case.lease, {"preferred": "tie"})
    >>> teacher.collect()
    (Answer(id='0000-e114c771c940', preferred=0.5, annotator='ana'),)
    """

    def __init__(
        self,
        review: Review,
        *,
        scene: Scene = "series",
        prompt: str = "",
        names: Sequence[str] = (),
        action_names: Sequence[str] = (),
        grid: Sequence[str] = (),
        wanted: int = 1,
    ) -> None:
        require_choice(scene, get_args(Scene), what="scene")
        require_whole(wanted, "wanted", 1)
        if (scene == "grid") != bool(grid):
            raise InputError(
                f"scene={scene!r} and grid={list(grid)!r} do not fit: a grid has its map, one text "
                "a row, and no other scene has one."
            )
        self.review = review
        self.prompt = prompt
        self.wanted = wanted
        told = {"names": names, "action_names": action_names, "grid": grid}
        self._how: dict[str, Any] = {"scene": scene} | {
            name: list(texts) for name, texts in told.items() if texts
        }
        self._asked: set[str] = set()
        self._collected: tuple[Head | None, tuple[Answer, ...]] = None, ()

    def ask(self, queries: Sequence[Query]) -> None:
        """Put the questions that the review does not know yet into its queue; return at once."""
        self._asked |= {query.id for query in queries}
        self._collected = None, ()
        known = self.review.known(self._asked)
        fresh = [self._item(query) for query in queries if query.id not in known]
        if fresh:
            self.review.add(fresh)

    def collect(self) -> Sequence[Answer]:
        """Return the answers to what was asked, each time all of them, in the order given."""
        head, answers = self._collected
        now = self.review.head
        if now != head:
            answers = tuple(
                Answer(each.key, PREFERRED[each.answer["preferred"]], each.reviewer)
                for each in self.review.answers()
                if each.key in self._asked
            )
            self._collected = now, answers
        return answers

    def _item(self, query: Query) -> Item:
        sides = {
            side: {"trajectory": self._shown(segment)}
            for side, segment in (("first", query.first), ("second", query.second))
        }
        return Item(
            key=query.id,
            kind="prefer",
            content={"form": "trajectory", "prompt": self.prompt, **sides},
            wanted=self.wanted,
            # In the order of asking: the run waits for the oldest.
            worth=-float(query.number),
            source={"query": query.number, "asked": query.asked},
        )

    def _shown(self, segment: Trajectory) -> dict[str, Any]:
        told = segment.to_dict()
        told.pop("rewards", None)
        return {**self._how, **told}
