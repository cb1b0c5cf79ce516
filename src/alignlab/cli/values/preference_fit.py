"""A reward fitted to a file of comparisons: what is preferred, how sure, and whether it holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.datasets import PreferenceDataset
    from alignlab.intervals import Estimate
    from alignlab.values.preferences import FittedReward, HeldOut

__all__ = ["fit_file"]

MOST_NOTES = 6
"""So many notes are printed; the JSON has them all."""

BEGIN = 40
"""So many letters of a text tell it from others."""

MODELS, TIES = ("scores", "linear"), ("davidson", "half")

CALLED = {"bradley-terry": "scores", "logistic": "linear"}
"""Other names of the models."""


def fit_file(
    path: Path,
    given: Mapping[str, Any],
    *,
    seed: int,
    level: float,
    words: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> int:
    """Fit a reward to the comparisons in a file, and say what it says.

    Parameters
    ----------
    path
        Of the comparisons.
    given
        The options that were said: model, features, ties, annotators, holdout, regularization.
    seed, level
        Of what is held out, and of the intervals.
    words, out, as_json
        See `deliver`.
    """
    from alignlab.cli.output import Result, deliver
    from alignlab.datasets import read_preferences
    from alignlab.values.preferences import fit_reward

    options = _options(given, level)
    data = read_preferences(path)
    names = options.pop("features", None)
    model = options.pop("model", None) or ("linear" if _has_numbers(data, names) else "scores")
    if model == "scores" and names is not None:
        raise InputError("--features names the numbers of a linear reward; leave --model out.")
    if names is not None:
        options["feature_names"] = names
    if "annotators" in options and data.annotators is None:
        raise InputError(
            f"--annotators: {path.name} does not say who made the comparisons. Give each one its "
            '"annotator", or leave --annotators out.'
        )
    reward = fit_reward(data, model=model, level=level, seed=seed, **options)
    ids = _ids(path, data)
    if model == "scores":
        reward = replace(
            reward, names=tuple(ids), notes=tuple(_with_names(note, ids) for note in reward.notes)
        )
    content = {
        "preferences": path.name,
        "comparisons": len(data),
        "items": data.n_items,
        "kind": data.kind,
        **reward.to_dict(),
    }

    def show(console: Console) -> None:
        console.print(_about(path, data), style="bold", soft_wrap=True)
        _show(console, reward, data, ids)

    def result() -> Result:
        frame = reward.to_frame()
        drawn = reward
        if model == "scores" and data.kind == "texts":
            texts = dict(zip(ids, data.items, strict=True))
            frame["text"] = [texts[name] for name in frame["name"]]
            drawn = replace(reward, names=tuple(_labels(ids, data)))
        return Result("prefer", content, frame, drawn.chart())

    deliver(result, show, words=words, out=out, as_json=as_json)
    return 0


def _options(given: Mapping[str, Any], level: float) -> dict[str, Any]:
    """Return the options as `fit_reward` takes them, refusing by the flag's name."""
    from alignlab.errors import require_choice

    options = dict(given)
    if not 0 < level < 1:
        raise InputError(f"--level {level:g}: it lies between 0 and 1, such as 0.95.")
    if "model" in options:
        options["model"] = CALLED.get(options["model"].lower(), options["model"])
        require_choice(options["model"], MODELS, what="--model")
    if "ties" in options:
        require_choice(options["ties"], TIES, what="--ties")
    if "features" in options:
        names = [name.strip() for name in options["features"].split(",") if name.strip()]
        if not names:
            raise InputError("--features is empty: give it a value, or leave it out.")
        options["features"] = names
    holdout = options.get("holdout", 0.2)
    if not 0 <= holdout < 1:
        raise InputError(f"--holdout {holdout:g}: it lies from 0 to below 1, such as 0.2.")
    if options.pop("annotators", False):
        options["annotators"] = "reliability"
    return options


def _ids(path: Path, data: PreferenceDataset) -> list[str]:
    """Return what the file calls each item; where it says nothing, numbers from 0."""
    from alignlab.datasets.records import read_records

    _, records = read_records(path)
    told = [str(record["item"]) for record in records if "item" in record]
    if told:
        return told
    if "chosen" not in records[0]:  # pairs of names: each is its own
        return [str(item) for item in data.items]
    return [str(at) for at in range(data.n_items)]


def _labels(ids: Sequence[str], data: PreferenceDataset) -> list[str]:
    """Return a line for each text that tells it from the others: its name, or how it begins."""
    if not all(each.isdigit() for each in ids):
        return list(ids)
    return [f"{_begins(text)} ({each})" for each, text in zip(ids, data.items, strict=True)]


def _begins(text: Any) -> str:
    return " ".join(str(text).split())[:BEGIN]


def _with_names(note: str, ids: Sequence[str]) -> str:
    """Return a note with the names of the items that it gives by number, as in "items 0, 3"."""

    def named(found: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda number: ids[int(number[0])], found[0])

    return re.sub(r"\bitems? \d+(?:, \d+)*", named, note)


def _has_numbers(data: PreferenceDataset, names: Sequence[str] | None) -> bool:
    return data.kind == "rows" or names is not None


def _about(path: Path, data: PreferenceDataset) -> str:
    n = len(data)
    comparisons = "1 comparison" if n == 1 else f"{n:,} comparisons"
    told = f"{path.name}: {comparisons} of {data.n_items:,} {data.kind}"
    if data.annotators is None:
        return told
    people = len({name for name in data.annotators if name})
    return f"{told} by " + ("1 annotator" if people == 1 else f"{people:,} annotators")


def _show(
    console: Console, reward: FittedReward, data: PreferenceDataset, ids: Sequence[str]
) -> None:
    from alignlab.cli.output import MOST_ROWS, bullet, paragraph, rows_table

    what = "score" if reward.model == "scores" else "weight"
    name = "item" if reward.model == "scores" else "feature"
    frame = _estimates(reward, data, ids, name, what)
    console.print()
    console.print(rows_table(frame, right=(what,)))
    if len(frame) > MOST_ROWS:
        rest = len(frame) - MOST_ROWS
        console.print(f"… and {rest:,} more, lower ones; --out DIR writes them all.")
    paragraph(console, _meaning(reward, what))
    if reward.held_out is not None:
        paragraph(console, _held_out(reward.held_out))
    if reward.triads is not None:
        paragraph(console, _circles(reward.triads))
    if reward.reliabilities:
        console.print()
        console.print(rows_table(_people(reward), right=("comparisons", "reliability")))
    for at, note in enumerate(reward.notes[:MOST_NOTES]):
        if at == 0:
            console.print()
        bullet(console, note, style="yellow")


def _estimates(
    reward: FittedReward, data: PreferenceDataset, ids: Sequence[str], name: str, what: str
) -> Any:
    import pandas as pd

    rows = []
    told = reward.to_frame()
    for at, value, low, high in zip(*(told[key].tolist() for key in told.columns), strict=True):
        known = math.isfinite(high - low)
        interval = f"{low:.2f} to {high:.2f}" if known else "cannot be told"
        rows.append((str(at), f"{value:.2f}", interval))
    level = reward.estimates[0].level if reward.estimates else 0.95
    frame = pd.DataFrame(rows, columns=[name, what, f"{level:.0%} interval"])
    if data.kind == "texts" and reward.model == "scores":
        texts = dict(zip(ids, data.items, strict=True))
        begins = [_begins(texts[each]) for each in frame[name]]
        if begins != frame[name].tolist():
            frame["begins"] = begins
    return frame


def _meaning(reward: FittedReward, what: str) -> str:
    n = reward.n_comparisons
    told = f"In log odds, fitted to {'1 comparison' if n == 1 else f'{n:,} comparisons'}"
    if reward.regularization:
        told += f" with a ridge of {reward.regularization:g}"
    if what == "score":
        return f"{told}: an item with a score higher by 1 is preferred in 73% of cases."
    return f"{told}: 1 more of a feature with weight 1 is preferred in 73% of cases."


def _held_out(held: HeldOut) -> str:
    if held.accuracy is None:
        return f"Held out: {held.n_pairs:,} pairs, all of them ties; nothing can be foretold."
    told = (
        f"Held out: of {held.n_decided:,} pairs the reward names the preferred one in "
        f"{_share(held.accuracy)}."
    )
    rules = {"longer": held.longer_wins, "first shown": held.first_shown_wins}
    known = [
        f'"the {name} wins" in {_share(estimate)}'
        for name, estimate in rules.items()
        if estimate is not None
    ]
    if known:
        told += f" Without a reward, {' and '.join(known)}."
    if held.calibration_slope is not None:
        slope = held.calibration_slope
        if slope.high < 1:
            told += " It is surer than it should be"
        elif slope.low > 1:
            told += " It is less sure than it could be"
        else:
            told += " It is as sure as it should be"
        told += f" (calibration slope {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}])."
    return told


def _share(estimate: Estimate) -> str:
    return f"{estimate.value:.0%} [{estimate.low:.0%}, {estimate.high:.0%}]"


def _circles(triads: Any) -> str:
    round_ = "round (a over b over c over a)"
    if triads.complete == 1:
        go = "go" if triads.circular else "do not go"
        told = f"Circles: in the one triple majorities {go} {round_}"
    else:
        told = (
            f"Circles: in {triads.circular:,} of {triads.complete:,} triples majorities go {round_}"
        )
    if triads.p_value is None:
        return f"{told}."
    told = f"{told}; the reward expects {triads.expected:.1f}"
    if triads.p_value < 0.05:
        return f"{told} (p = {triads.p_value:.2g})."
    return f"{told}, so that slips would explain them." if triads.circular else f"{told}."


def _people(reward: FittedReward) -> Any:
    import pandas as pd

    rows = [
        (
            each.annotator or "(unnamed)",
            f"{each.n_comparisons:,}",
            f"{each.reliability.value:.2f}",
            f"{each.reliability.low:.2f} to {each.reliability.high:.2f}",
            each.verdict,
        )
        for each in sorted(reward.reliabilities, key=lambda each: -each.reliability.value)
    ]
    columns = ["annotator", "comparisons", "reliability", "interval", "answers"]
    return pd.DataFrame(rows, columns=columns)
