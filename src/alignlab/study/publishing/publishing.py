"""A finished study as one archive that can be checked, cited and built again.

The archive is the study's folder without what does not belong to it, and with a manifest, a
citation file, the environment, a model card and a datasheet. Its paper is built from the files in
it and from nothing else, so the command in its README has been run once already.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from alignlab.errors import InputError
from alignlab.files import write_whole
from alignlab.plain import to_json
from alignlab.study.folder import StudyFolder
from alignlab.study.paper.building import build_paper
from alignlab.study.paper.values import Findings, read_findings
from alignlab.study.publishing.anonymity import require_no_names, without_names
from alignlab.study.publishing.cards import datasheet, model_card, parse_cards
from alignlab.study.publishing.citation import check_citation, citation_text
from alignlab.study.publishing.environment import environment_lock
from alignlab.study.publishing.gathering import Gathered, gather
from alignlab.study.publishing.zipping import zip_bytes
from alignlab.study.revision import read_revision
from alignlab.study.runs.records import read_results
from alignlab.wording import joined

__all__ = ["Published", "publish_study"]

PAPER = "paper/paper.pdf"


@dataclass(frozen=True, slots=True)
class Published:
    """An archive that was written.

    Attributes
    ----------
    path
        Where it is.
    digest
        Its SHA-256: told elsewhere, it finds any change.
    files
        How many it holds.
    size
        Bytes.
    anonymous
        Whether the authors' names are left out.
    outside
        Code and data whose digests alone are in it.
    warnings
        What a reader may miss, a sentence each.
    """

    path: Path
    digest: str
    files: int
    size: int
    anonymous: bool
    outside: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {**asdict(self), "path": str(self.path)}


def publish_study(
    study: StudyFolder,
    *,
    out: str | Path | None = None,
    anonymous: bool = False,
    data: bool = True,
    released: date | None = None,
) -> Published:
    """Write a study's archive.

    Use it when the paper is done, and with `anonymous` when it is submitted. The same folder gives
    the same bytes.

    Parameters
    ----------
    study
        The study's folder.
    out
        The archive; `NAME.zip` or `NAME-anonymous.zip` in the study's folder, if left out.
    anonymous
        Whether the authors' names are left out, and searched for in every file.
    data
        Whether data that lie in the folder go in.
    released
        The day of publication, for the citation file.

    Returns
    -------
    Published

    Raises
    ------
    InputError
        If the study is unfinished (runs, analysis or paper), the paper is not what its text and
        results give, nobody could be cited, or an author is named in an anonymous archive.
    OutputError
        If the archive cannot be written.

    References
    ----------
    [mitchell2019model], [gebru2021datasheets]
    """
    name = f"{study.spec.study}-anonymous" if anonymous else study.spec.study
    path = Path(out) if out is not None else study.root / f"{name}.zip"
    if path.suffix.lower() != ".zip":
        raise InputError(f"--out {path}: an archive's name ends in .zip.")
    findings = _finished(study, anonymous)
    gathered = gather(study, data=data)
    contents = gathered.contents
    said = parse_cards(contents.get("cards.yaml", b"").decode("utf-8-sig"))
    citation = contents.get("CITATION.cff", b"").decode("utf-8-sig")
    if citation and not anonymous:
        check_citation(citation)
    else:
        citation = citation_text(study.spec, anonymous=anonymous, released=released)
    if anonymous:
        contents = without_names(contents)
    contents, unwritten = _with_paper(contents, study, gathered, anonymous)
    code = {name: each for name, each in contents.items() if name.endswith(".py")}
    contents |= {
        "CITATION.cff": citation.encode(),
        "environment.json": to_json(environment_lock(code)).encode(),
        "digests.json": to_json(gathered.sources.to_dict()).encode(),
        "MODEL_CARD.md": model_card(
            study.spec, findings, gathered.sources.code, said.get("model-card", {})
        ).encode(),
        "DATASHEET.md": datasheet(
            study.spec, findings, gathered.sources.data, said.get("datasheet", {})
        ).encode(),
        "README.md": _readme(study, contents, gathered, anonymous).encode(),
    }
    if anonymous:
        require_no_names(contents, study.spec)
    archive = zip_bytes(name, contents)
    write_whole(path, archive)
    return Published(
        path=path,
        digest=hashlib.sha256(archive).hexdigest(),
        files=len(contents),
        size=len(archive),
        anonymous=anonymous,
        outside=gathered.outside,
        warnings=tuple(_warnings(study, gathered, unwritten)),
    )


def _finished(study: StudyFolder, anonymous: bool) -> Findings:
    """Return the findings of a study that is finished, or say what is left to do."""
    if not study.records_path.exists():
        raise InputError(
            f"{study.root} has no results: alignlab study run makes them, before they can be "
            "published."
        )
    made = len(read_results(study.records_path))
    planned = len(study.spec.configurations()) * study.spec.seeds
    if made < planned:
        raise InputError(
            f"{study.root} has {made:,} of {planned:,} runs: alignlab study run makes the others."
        )
    findings = read_findings(study.analysis_path, study.records_path)
    if not anonymous and not (study.root / PAPER).exists():
        raise InputError(f"{study.root} has no {PAPER}: alignlab study paper makes it.")
    return findings


def _with_paper(
    contents: Mapping[str, bytes], study: StudyFolder, gathered: Gathered, anonymous: bool
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the files with the paper that they give, and the titles of sections without text.

    It is built where nothing else is. Data that do not go in are lent for it, since the paper
    tells their digests.
    """
    # Built before, perhaps with names, and perhaps from another text.
    built_before = {
        name for name in contents
        if name.startswith(("paper/latex/", "paper/typst/"))
        or name in (PAPER, "paper/paper.html", "paper/paper.tex")
    }  # fmt: skip
    texts = {name: each for name, each in contents.items() if name not in built_before}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "at" / study.spec.study
        for name, content in texts.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name in gathered.outside:
            _lend(study.root / name, place / name, Path(folder))
        try:
            built = build_paper(StudyFolder.at(place), anonymous=anonymous or None)
        except InputError as error:
            raise InputError(str(error).replace(str(place), str(study.root))) from error
        paper = built.files[0].read_bytes()
    if not anonymous and paper != contents[PAPER]:
        raise InputError(
            f"{PAPER} is not what the text and the results give now: alignlab study paper makes it "
            "anew. Options of it belong into study.yaml, under paper."
        )
    return {**texts, PAPER: paper}, built.unwritten


def _lend(path: Path, place: Path, within: Path) -> None:
    if path.is_file() and place.resolve().is_relative_to(within.resolve()):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path.resolve())


def _warnings(study: StudyFolder, gathered: Gathered, unwritten: tuple[str, ...]) -> list[str]:
    found = []
    if study.registration is None:
        found.append("The study was not registered: all of its results are exploratory.")
    unanswered = read_revision(study).open
    if unanswered:
        names = ", ".join(each.name for each in unanswered)
        found.append(f"Reviewers' comments are open: {names}.")
    if unwritten:
        found.append(f"Sections of the paper are not written: {', '.join(unwritten)}.")
    if gathered.outside:
        found.append(f"Only digests are in it of: {', '.join(gathered.outside)}.")
    return found


def _readme(
    study: StudyFolder, contents: Mapping[str, bytes], gathered: Gathered, anonymous: bool
) -> str:
    spec = study.spec
    own = contents.get("README.md", b"").decode("utf-8-sig").strip()
    lines = [own, ""] if own else [f"# {spec.title}", "", spec.question, ""]
    people = joined(" ".join(each.name.split(", ")[::-1]) for each in spec.authors)
    if people and not anonymous:
        lines += [f"By {people}.", ""]
    flag = " --anonymous" if anonymous else ""
    lines += [
        "## Build the paper again",
        "",
        f"    alignlab study paper{flag}",
        "",
        "It takes the versions in `environment.json`; the package is `alignlab[study]`. Every",
        "number comes from `analysis.json`, which `alignlab study analyze` makes of",
        "`results.jsonl`, which `alignlab study run` makes of the code and the data.",
        "",
        "## What is here",
        "",
        "- `study.yaml`: the statement; `registration.json`, if there is one: what was planned",
        "- `results.jsonl`: one line a run; `log.jsonl`: when each was made",
        "- `analysis.json`, `figures/`: what the runs say",
        "- `paper/`: the text, and `paper.pdf`; `literature/`: what others found",
        "- `MODEL_CARD.md`, `DATASHEET.md`, `CITATION.cff`",
        "- `environment.json`: versions; `digests.json`: SHA-256 of code and data",
        "- `MANIFEST.sha256`: SHA-256 of every file; `alignlab study verify ARCHIVE.zip` or",
        "  `sha256sum --check MANIFEST.sha256` compares",
    ]
    if gathered.outside:
        lines += [
            "",
            "Not here, only their digests; what is data goes back to its place before the",
        ]
        lines += ["paper is built:", "", *(f"- `{name}`" for name in gathered.outside)]
    if anonymous and "registration.json" in contents:
        lines += [
            "",
            "Authors' names are taken out of the registration, so its digest is another;",
            "`digest_with_names` is the one that was registered.",
        ]
    return "\n".join(lines) + "\n"
