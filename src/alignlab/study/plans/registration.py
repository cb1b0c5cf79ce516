"""Freezes what a study plans before its first run, and says what was done otherwise.

    digest = SHA-256 of the canonical JSON of (statement, digests of code, digests of data)

A registration is kept, not replaced: an amendment stands beside it with its reason and time. What
counts as a deviation is whatever could turn a result: question, hypotheses, factors, seeds,
measures, analysis, function, code, data, and runs made before [nosek2018preregistration]. Titles
and the like may change. The time is this machine's; to prove it to others, publish the digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from alignlab.errors import InputError
from alignlab.files import write_whole
from alignlab.plain import canonical, plain, to_json
from alignlab.study.folder import REGISTRATION_FORMAT, StudyFolder, open_study
from alignlab.study.plans.changes import changes_between
from alignlab.study.plans.planning import plan_study
from alignlab.study.reading import parse_study
from alignlab.study.runs.loading import require_function, study_sources
from alignlab.study.runs.timing import read_times
from alignlab.study.spec import StudySpec

__all__ = ["deviations", "entry_seal", "register_study", "statement_digest"]


def register_study(
    study: StudyFolder, *, amend: str | None = None, now: datetime | None = None
) -> Mapping[str, Any]:
    """Freeze a study's statement, code and data in `registration.json`.

    Use it when the plan is settled and before the first run. A registration after runs were made is
    possible, and says so in the paper.

    Parameters
    ----------
    study
        The study's folder.
    amend
        Why the plan changed after it was registered; the first registration stays.
    now
        The time; the clock's, if left out.

    Returns
    -------
    Mapping
        What `registration.json` now holds.

    Raises
    ------
    InputError
        If the study is registered and no reason is given, nothing changed since, there is nothing
        to amend, or the code or data cannot be read.
    OutputError
        If the file cannot be written.

    References
    ----------
    [nosek2018preregistration]
    """
    study.__dict__.pop("registration", None)  # what was read before may be out of date
    held = study.registration
    if amend is not None and not amend.strip():
        raise InputError("--amend is empty: say why the plan changed.")
    if held is None and amend is not None:
        raise InputError(
            f"{study.spec.study} is not registered, so there is nothing to amend: leave out "
            "--amend."
        )
    require_function(study.root, study.spec.run)
    entry = plain(_entry(study, now or datetime.now(UTC)))
    if held is None:
        made: dict[str, Any] = {"format": REGISTRATION_FORMAT, **entry, "seal": entry_seal(entry)}
    else:
        last = [held, *held.get("amendments", ())][-1]
        if amend is None:
            raise InputError(
                f"{study.spec.study} was registered on {_day(held)}, and that stays. To record a "
                'changed plan: alignlab study register --amend "why".'
            )
        if entry["digest"] == last["digest"]:
            raise InputError(
                f"Nothing that was registered on {_day(last)} has changed, so there is nothing to "
                "amend."
            )
        amendment = {"why": " ".join(amend.split()), **entry}
        amendment["seal"] = entry_seal(amendment)
        made = {**held, "amendments": [*held.get("amendments", ()), amendment]}
    write_whole(study.registration_path, to_json(made))
    study.__dict__.pop("registration", None)
    return made


def deviations(study: StudyFolder) -> tuple[str, ...]:
    """Return what was done otherwise than registered, each as one sentence.

    Use it for the paper, where all of them stand. It is empty where the registered plan was
    followed to the letter.

    Parameters
    ----------
    study
        The study's folder; its files are read anew.

    Raises
    ------
    InputError
        If the registration is damaged, or the code or data cannot be read.
    """
    study = open_study(study.root)
    held = study.registration
    if held is None:
        return (
            "The study was not registered before it was run: all of its results are exploratory.",
        )
    return tuple(_deviations(study, held))


def statement_digest(
    spec: StudySpec | Mapping[str, Any], code: Mapping[str, str], data: Mapping[str, str]
) -> str:
    """Return the SHA-256 of a statement with the digests of its code and data.

    Neither the order of keys nor comments and spaces of the file matter; that of levels does.

    Parameters
    ----------
    spec
        The statement, or its `to_dict()`.
    code, data
        Path to SHA-256.
    """
    stated = spec.to_dict() if isinstance(spec, StudySpec) else spec
    content = {
        "format": REGISTRATION_FORMAT,
        "study": stated,
        "code": dict(code),
        "data": dict(data),
    }
    return hashlib.sha256(canonical(plain(content)).encode()).hexdigest()


def entry_seal(entry: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that an entry says, its time included; amendments have their own.

    Parameters
    ----------
    entry
        The registration, or one of its amendments.
    """
    beside = ("format", "amendments", "seal")
    said = {key: each for key, each in entry.items() if key not in beside}
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def _entry(study: StudyFolder, now: datetime) -> dict[str, Any]:
    text = study.statement_path.read_text(encoding="utf-8-sig")
    spec = parse_study(text, name=str(study.statement_path))
    sources = study_sources(study.root, spec)
    return {
        "registered": now.astimezone(UTC).isoformat(timespec="seconds"),
        "digest": statement_digest(spec, sources.code, sources.data),
        "runs_before": len(read_times(study.log_path)),
        "study": spec.to_dict(),
        "text": text,
        "code": dict(sources.code),
        "data": dict(sources.data),
        "plan": plan_study(spec).to_dict(),
    }


def _deviations(study: StudyFolder, held: Mapping[str, Any]) -> Iterator[str]:
    try:
        entries = [held, *held.get("amendments", ())]
        for entry in entries:
            digest = statement_digest(entry["study"], entry["code"], entry["data"])
            if digest != entry["digest"] or entry_seal(entry) != entry["seal"]:
                yield (
                    f"The registration of {_day(entry)} was changed by hand after it was written: "
                    "its digest does not fit its content."
                )
        yield from _early_runs(study, held)
        for before, after in pairwise(entries):
            made = after["runs_before"]
            when = f"after {made} run{'' if made == 1 else 's'}" if made else "before any run"
            for sentence in changes_between(before, after):
                yield f"{sentence} Amended on {_day(after)}, {when}: {_ended(after['why'])}"
        sources = study_sources(study.root, study.spec)
        now = {"study": study.spec.to_dict(), **sources.to_dict()}
        yield from changes_between(entries[-1], now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{study.registration_path} is damaged ({type(error).__name__}: {error}). Put back the "
            "file that alignlab study register wrote."
        ) from error


def _early_runs(study: StudyFolder, held: Mapping[str, Any]) -> Iterator[str]:
    times = read_times(study.log_path)
    registered = datetime.fromisoformat(held["registered"])
    early = [each.began for each in times if each.began < registered]
    if early:
        runs = f"{len(early)} of {len(times)} runs" if len(times) > 1 else "The only run"
        yield (
            f"{runs} began before the registration of {registered:%Y-%m-%d %H:%M} UTC, the first "
            f"on {min(early):%Y-%m-%d %H:%M} UTC."
        )


def _day(entry: Mapping[str, Any]) -> str:
    return str(entry["registered"])[:10]


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
