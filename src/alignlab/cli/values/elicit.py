"""`alignlab values elicit`: ask a person what amounts or outcomes are worth to them.

Each question offers something for sure or a gamble between the best and the worst; what is asked
next depends on the answers so far. With --out each answer is kept before the next question is put,
so that whoever stops goes on later by the same command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import Json, Level
from alignlab.cli.values.options import Out

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.intervals import Estimate
    from alignlab.values.utility import Elicitation
    from alignlab.values.utility.questions import Item, Question

__all__ = ["elicit"]

FORMS = {"crra": "CRRA", "cara": "CARA", "piecewise": "monotone"}

KEPT = "elicitation.json"

QUESTIONS = 8

FEW, MANY = 4, 19
"""How many amounts are asked about: fifths of the range without a family, twentieths with one."""

DRAWS = 4000
"""Utilities drawn from the posterior for the interval of a certainty equivalent."""

MOST_SHOWN = 12
"""Of more amounts than this, some are printed; the CSV has them all."""

WIDE = 0.25
"""An interval of a utility wider than this deserves more questions."""

REPLIES = {"a": "sure", "b": "gamble", "=": "equal"}

KEYS = "a or b;  = both are as good;  u take the last answer back;  q stop;  ? this"

BEGIN = "Something for sure, or a gamble? There is no right answer: say what you would really take."


def elicit(
    context: typer.Context,
    best: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="The best amount or outcome. [default: 1000]"),
    ] = None,
    worst: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="The worst amount or outcome. [default: 0]"),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="crra: risks count relative to what one has; cara: as amounts; piecewise: no "
            "family, which takes more questions. [default: crra]",
        ),
    ] = None,
    wealth: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="For crra: what you have besides. [default: 0]"),
    ] = None,
    outcomes: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME[,…]",
            help="Instead of amounts: outcomes between the worst and the best. Names such as "
            "DECISION/TRUTH give the utilities of an audit.",
        ),
    ] = None,
    questions: Annotated[
        int, typer.Option(metavar="N", help="How many to ask at most, over all sittings.")
    ] = QUESTIONS,
    level: Level = 0.95,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Ask a person what amounts or outcomes are worth.

    With --out DIR every answer is kept at once in DIR/elicitation.json, and the same command goes
    on from there.
    """
    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.errors import InputError, StoppedError

    if questions < 1:
        raise InputError(f"--questions {questions}: ask at least one.")
    if not 0 < level < 1:
        raise InputError(f"--level {level:g}: it lies between 0 and 1, such as 0.95.")
    place = prepare(out)
    asked = _begun(best, worst, family, wealth, outcomes, place)
    sitting = _Sitting(asked, questions, place, sys.stderr if as_json else sys.stdout)
    try:
        asked = sitting.ask()
    except KeyboardInterrupt:
        print(file=sitting.stream)  # what follows is no answer to the prompt
        kept = f"{place / KEPT} keeps every answer; the same command goes on." if place else (
            "without --out DIR no answer is kept."
        )  # fmt: skip
        raise StoppedError(f"stopped; {kept}") from None
    utility = asked.utility(level=level)
    content: dict[str, Any] = {
        "elicitation": asked.to_dict(),
        **utility.to_dict(),
        "inconsistency": asked.inconsistency.to_dict(),
    }
    equivalent = None if asked.form == "outcomes" else _equivalent(asked, level)
    if equivalent is not None:
        content["certainty_equivalent_of_even_chance"] = equivalent.to_dict()
    snippet = _snippet(utility.utilities)
    more = {"utilities.toml": snippet} if snippet else {}

    def show(console: Console) -> None:
        _show(console, asked, utility, equivalent, snippet, sitting.stopped, place)

    def result() -> Result:
        return Result("utility", content, utility.to_frame(), utility.chart(), more)

    deliver(result, show, words=context.obj, out=place, as_json=as_json)
    return 0


def _begun(
    best: str | None,
    worst: str | None,
    family: str | None,
    wealth: float | None,
    outcomes: str | None,
    out: Path | None,
) -> Elicitation:
    """Return what was kept in `out`, or a new elicitation; they must not contradict each other."""
    from alignlab.errors import InputError
    from alignlab.values.utility import Elicitation

    said = [best, worst, family, wealth, outcomes]
    path = None if out is None else out / KEPT
    if path is None or not path.exists():
        return _new(best, worst, family, wealth, outcomes)
    try:
        kept = Elicitation.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be gone on with: {error}") from error
    if any(each is not None for each in said):
        # What is not said is as it was kept.
        ends = (
            str(kept.best) if best is None else best,
            str(kept.worst) if worst is None else worst,
        )
        if kept.form == "outcomes":
            named = ",".join(map(str, kept.items)) if outcomes is None else outcomes
            new = _new(*ends, family, wealth, named)
        else:
            form = next(name for name, form in FORMS.items() if form == kept.form)
            had = kept.wealth if kept.form == "CRRA" else None
            new = _new(*ends, family or form, had if wealth is None else wealth, outcomes)
        if replace(kept, answers=()) != new:
            raise InputError(
                f"{path} keeps answers to other questions ({_about(kept)}). Leave those options "
                "out to go on with it, or name another --out."
            )
    return kept


def _new(
    best: str | None,
    worst: str | None,
    family: str | None,
    wealth: float | None,
    outcomes: str | None,
) -> Elicitation:
    from alignlab.errors import InputError, require_choice
    from alignlab.values.utility import Elicitation

    if outcomes is not None:
        if best is None or worst is None:
            raise InputError("--outcomes needs --best and --worst: name the two ends.")
        for name, value in (("--family", family), ("--wealth", wealth)):
            if value is not None:
                raise InputError(f"{name} is for amounts, and --outcomes are named.")
        names = [name.strip() for name in outcomes.split(",") if name.strip()]
        if not names:
            raise InputError("--outcomes is empty: give it a value, or leave it out.")
        return Elicitation.of_outcomes(names, worst=worst.strip(), best=best.strip())
    form = FORMS[require_choice(family or "crra", FORMS, what="--family")]
    if wealth is not None and form != "CRRA":
        raise InputError(f"--wealth is for --family crra; {family} does not need it.")
    low, high = _amount("--worst", worst, 0.0), _amount("--best", best, 1000.0)
    if not low < high:
        raise InputError(f"--worst {low:g} is not below --best {high:g}.")
    chosen: Any = form
    amounts = FEW if form == "monotone" else MANY
    return Elicitation.of_amounts(low, high, form=chosen, amounts=amounts, wealth=wealth or 0.0)


def _amount(flag: str, text: str | None, default: float) -> float:
    import math

    from alignlab.errors import InputError

    if text is None:
        return default
    try:
        amount = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        amount = math.nan
    from alignlab.cli.values.processes import LARGEST

    if abs(amount) > LARGEST:
        raise InputError(f"{flag} {text}: give an amount between {-LARGEST:g} and {LARGEST:g}.")
    if not math.isfinite(amount):
        raise InputError(f"{flag} {text!r} is no amount. For named outcomes, give --outcomes too.")
    return amount


def _about(kept: Elicitation) -> str:
    ends = f"{_words(kept.worst)} to {_words(kept.best)}"
    name = next((name for name, form in FORMS.items() if form == kept.form), "outcomes")
    wealth = f", wealth {kept.wealth:g}" if kept.wealth else ""
    return f"{ends}, {name}{wealth}"


class _Sitting:
    """One sitting: questions are put on a stream, answers are read from standard input."""

    def __init__(self, begun: Elicitation, questions: int, out: Path | None, stream: Any) -> None:
        self.elicitation = begun
        self.questions = questions
        self.out = out
        self.stream = stream
        self.stopped = False

    def ask(self) -> Elicitation:
        done = len(self.elicitation.answers)
        if done < self.questions:
            self._say(f"{BEGIN}\n{KEYS}\n")
            if done:
                self._say(f"{done} of {self.questions} were answered before.\n")
        while len(self.elicitation.answers) < self.questions and not self.stopped:
            self._put(self.elicitation.next_question())
        return self.elicitation

    def _put(self, question: Question) -> None:
        number = len(self.elicitation.answers) + 1
        gamble = f"{_asked(question.best)} with a chance of {100 * question.probability:g}%"
        self._say(f"{number} of {self.questions}")
        self._say(f"  a  {_asked(question.sure)} for sure")
        self._say(f"  b  {gamble}, else {_asked(question.worst).rstrip(',')}")
        while True:
            self._say("> ", end="")
            line = sys.stdin.readline()
            key = line.strip().lower()
            if not sys.stdin.isatty():
                self._say(key)
            if not line or key in ("q", "quit"):
                self.stopped = True
                return
            if key in REPLIES:
                reply: Any = REPLIES[key]
                self._keep(self.elicitation.answer(question, reply))
                return
            if key == "u" and self.elicitation.answers:
                self._say("The last answer is taken back.")
                self._keep(replace(self.elicitation, answers=self.elicitation.answers[:-1]))
                return
            none = "There is no answer to take back. " if key == "u" else ""
            self._say(f"{none}{KEYS}")

    def _keep(self, elicitation: Elicitation) -> None:
        from alignlab.files import write_whole
        from alignlab.plain import to_json

        if self.out is not None:
            write_whole(self.out / KEPT, to_json(elicitation.to_dict()))
        self.elicitation = elicitation
        self._say("")

    def _say(self, text: str, *, end: str = "\n") -> None:
        print(text, end=end, file=self.stream, flush=True)


def _words(item: Item) -> str:
    return item if isinstance(item, str) else f"{item:,.12g}"


def _asked(item: Item) -> str:
    """Return an amount or an outcome as a question puts it; of DECISION/TRUTH both halves."""
    decision, _, truth = (part.strip() for part in _words(item).partition("/"))
    if decision and truth and "/" not in truth:
        return f"you decide {decision} and the truth is {truth},"
    return _words(item)


def _equivalent(asked: Elicitation, level: float) -> Estimate:
    """Return the sure amount that is worth as much as an even chance of the best or the worst."""
    import numpy as np

    from alignlab.intervals import Estimate
    from alignlab.values.utility import CARA, CRRA

    worst, best = float(asked.worst), float(asked.best)
    aversion = asked.utility(level=level).aversion
    if aversion is not None:
        ends = (aversion.value, aversion.high, aversion.low)

        def at(aversion: float) -> float:
            if np.isinf(aversion):  # the answers set no limit
                return worst if aversion > 0 else best
            family = CARA(aversion) if asked.form == "CARA" else CRRA(aversion, asked.wealth)
            return family.certainty_equivalent([worst, best], [0.5, 0.5])

        value, low, high = (at(each) for each in ends)
    else:
        amounts = np.array([worst, *asked.items, best], float)
        drawn = asked.draws(DRAWS)
        found = [np.interp(0.5, [0.0, *row, 1.0], amounts) for row in drawn]
        value, low, high = np.quantile(found, [0.5, (1 - level) / 2, (1 + level) / 2]).tolist()
    return Estimate(value, low, high, level, len(asked.answers), "posterior, equal tails")


def _snippet(utilities: dict[Item, float]) -> str:
    """Return utilities as an audit's file holds them, if the outcomes are DECISION/TRUTH."""
    if _missing(utilities) or not _are_cells(utilities):
        return ""
    found: dict[str, dict[str, float]] = {}
    for name, value in utilities.items():
        decision, truth = (part.strip() for part in str(name).split("/"))
        found.setdefault(decision, {})[truth] = value
    lines = ["[utilities]", "# ask = 0.1   # what asking a person costs, on this scale"]
    for decision in sorted(found):
        cells = (f"{json.dumps(t)} = {found[decision][t]:.3f}" for t in sorted(found))
        lines.append(f"{json.dumps(decision)} = {{ {', '.join(cells)} }}")
    return "\n".join(lines) + "\n"


def _are_cells(utilities: Iterable[Item]) -> bool:
    return all(isinstance(name, str) and name.count("/") == 1 for name in utilities)


def _missing(utilities: Iterable[Item]) -> list[str]:
    """Return the outcomes DECISION/TRUTH that were left out, if the others are such."""
    if not _are_cells(utilities):
        return []
    cells = [tuple(part.strip() for part in str(name).split("/")) for name in utilities]
    classes = list(dict.fromkeys(part for cell in cells for part in cell))
    return [f"{one}/{two}" for one in classes for two in classes if (one, two) not in cells]


def _show(
    console: Console,
    asked: Elicitation,
    utility: Any,
    equivalent: Estimate | None,
    snippet: str,
    stopped: bool,
    out: Path | None,
) -> None:
    from rich.text import Text

    from alignlab.cli.output import paragraph, rows_table
    from alignlab.errors import listed

    n = len(asked.answers)
    if stopped:
        how = f"the same command goes on from {out / KEPT}" if out else "nothing of it is kept"
        console.print(Text(f"Stopped after {n} answers; {how}."), soft_wrap=True)
        console.print()
    if n == 0:
        console.print("No question was answered, so nothing is known of the utility.")
        return
    answers = "1 answer" if n == 1 else f"{n} answers"
    title = f"What it is worth, from 0 (the worst) to 1 (the best), by {answers}"
    console.print(Text(title, style="bold"))
    frame = utility.to_frame()
    frame["item"] = frame["item"].map(_words)
    frame["utility"] = [f"{value:.2f}" for value in frame["utility"]]
    frame[f"{utility.noise.level:.0%} interval"] = [
        "" if low == high else f"{low:.2f} to {high:.2f}"
        for low, high in zip(frame["low"], frame["high"], strict=True)
    ]
    if len(frame) > MOST_SHOWN:
        frame = frame[:: -(-len(frame) // MOST_SHOWN)]
    console.print(rows_table(frame.drop(columns=["low", "high"]), right=("utility",)))
    if equivalent is not None:
        paragraph(console, _risk(asked, equivalent))
    if n > 1:
        paragraph(console, str(asked.inconsistency))
    for note in utility.notes:
        paragraph(console, note)
    if asked.widest > WIDE:
        console.print("Some intervals are wide: more questions (--questions) would tell more.")
    missing = _missing(utility.utilities)
    if missing:
        paragraph(
            console,
            f"For the [utilities] of an audit {listed(missing, 5)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: name all of them by --outcomes.",
        )
    if snippet:
        paragraph(console, "For the file of `alignlab audit`:")
        console.print(snippet, end="", soft_wrap=True)


def _risk(asked: Elicitation, equivalent: Estimate) -> str:
    """Return the certainty equivalent of an even chance in words."""
    worst, best = float(asked.worst), float(asked.best)
    mean = (worst + best) / 2
    size = max(abs(worst), abs(best))

    def rounded(amount: float) -> str:
        digits = 3 - len(f"{size:.0f}")
        return f"{round(amount, max(digits, 0)):,.{max(digits, 0)}f}"

    told = (
        f"An even chance of {_words(best)} or {_words(worst)} is worth as much as "
        f"{rounded(equivalent.value)} for sure "
        f"[{rounded(equivalent.low)}, {rounded(equivalent.high)}]; on average it pays "
        f"{rounded(mean)}: "
    )
    if equivalent.high < mean:
        return f"{told}to be rid of the risk, {rounded(mean - equivalent.value)} is given up."
    if equivalent.low > mean:
        return f"{told}for the risk itself, {rounded(equivalent.value - mean)} is given up."
    return f"{told}these answers do not tell whether risk is shunned or sought."
