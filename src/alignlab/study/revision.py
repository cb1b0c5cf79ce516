"""What reviewers said of a paper, what the authors answer, and the letter that says both.

    comments:
      R1.1:
        says: The power is not justified.
        about: paper/method.md
        answer: It is now, before the description of the runs.
        changed: [paper/method.md]
        analyses: [H1.difference]

An analysis that an answer rests on is one that `analysis.json` holds, or a file of the study.
Whether it was preregistered is not the authors' to say: it is so if it belongs to a hypothesis that
was registered before the first run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import yaml

from alignlab.errors import InputError, listed, nearest
from alignlab.files import write_whole
from alignlab.study.folder import StudyFolder
from alignlab.study.strict_yaml import Stated, read_yaml

__all__ = [
    "Comment",
    "Revision",
    "add_comment",
    "answer_comment",
    "read_revision",
    "response_letter",
]

NAME = re.compile(r"R([A-Za-z0-9_-]+)\.([0-9]+)")
REVIEWER = re.compile(r"[A-Za-z0-9_-]{1,20}")
TEXTS = ("says", "about", "answer")
LISTS = ("changed", "analyses")


@dataclass(frozen=True, slots=True)
class Comment:
    """One point that a reviewer makes.

    Attributes
    ----------
    name
        "R1.2" is the second of reviewer 1.
    says
        The point, in the reviewer's words.
    about
        The section or file that it is about; "" where it is about the whole.
    answer
        What the authors say; "" while it is open.
    changed
        Files that were changed for it.
    analyses
        Numbers, tables, figures or files that the answer rests on.
    """

    name: str
    says: str
    about: str = ""
    answer: str = ""
    changed: tuple[str, ...] = ()
    analyses: tuple[str, ...] = ()

    @property
    def reviewer(self) -> str:
        """Whose it is."""
        return self.name[1:].rpartition(".")[0]


@dataclass(frozen=True)
class Revision:
    """All that reviewers said.

    Attributes
    ----------
    comments
        By name, in the order in which they came.
    """

    comments: Mapping[str, Comment] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Comment, ...]:
        """Those without an answer."""
        return tuple(each for each in self.comments.values() if not each.answer)

    def comment(self, name: str) -> Comment:
        """Return one comment; a name that none has is refused."""
        if name not in self.comments:
            raise InputError(
                f"There is no comment {name!r}.{nearest(name, self.comments)} Comments: "
                f"{listed(self.comments) or 'none yet; --add keeps one'}."
            )
        return self.comments[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the comments as plain values."""
        return {
            "comments": [asdict(each) for each in self.comments.values()],
            "open": [each.name for each in self.open],
        }


def read_revision(study: StudyFolder) -> Revision:
    """Return what `revision.yaml` holds; nothing where there is no file.

    Raises
    ------
    InputError
        If the file cannot be read; the message names the line.
    """
    if not study.revision_path.exists():
        return Revision()
    stated = read_yaml(study.revision_path)
    held = stated.value if isinstance(stated.value, dict) else {}
    comments = held.get("comments")
    if set(held) - {"comments"} or not isinstance(comments, dict):
        raise InputError(f"{stated.at(())}: this holds no comments, each under its name.")
    return Revision({name: _comment(stated, name, given) for name, given in comments.items()})


def add_comment(study: StudyFolder, says: str, *, reviewer: str = "1", about: str = "") -> Comment:
    """Keep a reviewer's comment, and return it with the name it was given.

    Parameters
    ----------
    study
        The study's folder.
    says
        The comment, in the reviewer's words.
    reviewer
        Whose it is, such as "2".
    about
        The file or section of the study that it is about, such as "paper/method.md" or
        "paper/method.md#Seeds".

    Raises
    ------
    InputError
        If the comment is empty, or there is no such file or section.
    """
    held = read_revision(study)
    if not says.strip():
        raise InputError("The comment is empty: give the reviewer's words.")
    if not REVIEWER.fullmatch(reviewer):
        raise InputError(f"reviewer={reviewer!r} is not a number or a word, such as 2.")
    if about:
        _require_place(study, about)
    taken = [int(found[2]) for name in held.comments
             if (found := NAME.fullmatch(name)) and found[1] == reviewer]  # fmt: skip
    made = Comment(f"R{reviewer}.{max(taken, default=0) + 1}", says.strip(), about)
    _write(study, held, made)
    return made


def answer_comment(
    study: StudyFolder,
    name: str,
    answer: str,
    *,
    changed: Sequence[str] = (),
    analyses: Sequence[str] = (),
) -> Comment:
    """Keep the authors' answer to a comment; a later one takes the place of the first.

    Parameters
    ----------
    study
        The study's folder.
    name
        Of the comment, such as "R1.2".
    answer
        What the authors say.
    changed
        Files of the study that were changed for it.
    analyses
        What the answer rests on: a number, table or figure of `analysis.json`, or a file of the
        study.

    Raises
    ------
    InputError
        If there is no such comment, file or analysis, or the answer is empty.
    """
    held = read_revision(study)
    answered = held.comment(name)
    if not answer.strip():
        raise InputError(f"The answer to {name} is empty: say what was done, or why not.")
    for place in changed:
        _require_place(study, place)
    for each in analyses:
        _require_analysis(study, each)
    made = replace(
        answered,
        answer=answer.strip(),
        changed=tuple(changed) or answered.changed,
        analyses=tuple(analyses) or answered.analyses,
    )
    _write(study, held, made)
    return made


def response_letter(study: StudyFolder) -> str:
    """Return the letter to the editor as Markdown: each comment, its answer, what was changed.

    Comments without an answer stand in it as open, so that none is passed over.
    """
    held = read_revision(study)
    if not held.comments:
        raise InputError(f"No comments in {study.revision_path}: --add keeps one.")
    lines = [f"# Response to the reviewers: {study.spec.title}", ""]
    known = registered_analyses(study)
    if any(each.analyses for each in held.comments.values()):
        lines += [
            "Analyses marked *not preregistered* were added after the registration and are "
            "exploratory.",
            "",
        ]
    for reviewer in dict.fromkeys(each.reviewer for each in held.comments.values()):
        lines += [f"## Reviewer {reviewer}", ""]
        for each in held.comments.values():
            if each.reviewer == reviewer:
                lines += [*_block(each, known), ""]
    return "\n".join(lines).rstrip() + "\n"


def registered_analyses(study: StudyFolder) -> frozenset[str]:
    """Return the hypotheses that were registered before the first run; none without that."""
    held = study.registration
    if held is None or held.get("runs_before"):
        return frozenset()
    return frozenset(held["study"].get("hypotheses", {}))


def _block(comment: Comment, known: frozenset[str]) -> list[str]:
    about = f" ({comment.about})" if comment.about else ""
    lines = [f"### {comment.name}{about}", ""]
    lines += [f"> {line}".rstrip() for line in comment.says.splitlines()]
    lines += ["", comment.answer or "**Open: not answered yet.**"]
    if comment.changed:
        lines += ["", f"Changed: {', '.join(comment.changed)}."]
    if comment.analyses:
        told = [
            each if each.partition(".")[0] in known else f"{each} (*not preregistered*)"
            for each in comment.analyses
        ]
        lines += ["", f"Analyses: {', '.join(told)}."]
    return lines


def _comment(stated: Stated, name: str, given: Any) -> Comment:
    here = ("comments", name)
    if not NAME.fullmatch(name):
        raise InputError(
            f"{stated.at(here)}: {name!r} is no comment's name, such as R1.2: the second of "
            "reviewer 1."
        )
    if not isinstance(given, dict) or not str(given.get("says") or "").strip():
        raise InputError(f"{stated.at(here)}: {name} holds no 'says', the reviewer's words.")
    for key, value in given.items():
        at = stated.at((*here, key))
        if key not in (*TEXTS, *LISTS):
            raise InputError(
                f"{at}: there is no key {key!r}.{nearest(key, (*TEXTS, *LISTS))} Keys: "
                f"{listed((*TEXTS, *LISTS))}."
            )
        fits = value is None or (
            isinstance(value, str)
            if key in TEXTS
            else isinstance(value, list) and all(isinstance(each, str) for each in value)
        )
        if not fits:
            raise InputError(f"{at}: {name}.{key} is not a {'text' if key in TEXTS else 'list'}.")
    says, about, answer = ((given.get(key) or "").strip() for key in TEXTS)
    changed, analyses = (tuple(given.get(key) or ()) for key in LISTS)
    return Comment(name, says, about, answer, changed, analyses)


def _require_place(study: StudyFolder, place: str) -> None:
    name, _, section = place.partition("#")
    path = study.root / name
    inside = path.resolve().is_relative_to(study.root.resolve())
    if not name or not inside or not path.is_file():
        here = [str(each.relative_to(study.root)) for each in study.paper.glob("*")]
        raise InputError(f"{name!r} is no file of the study.{nearest(name, here)}")
    if section:
        text = path.read_text(encoding="utf-8", errors="replace")
        heads = re.findall(r"^(?:#+|=+) +(.+?)\s*$", text, re.MULTILINE)
        if section not in heads:
            raise InputError(
                f"{name} has no section {section!r}.{nearest(section, heads)} Sections: "
                f"{listed(heads) or 'none'}."
            )


def _require_analysis(study: StudyFolder, name: str) -> None:
    names: list[str] = []
    if study.analysis_path.exists():
        held = json.loads(study.analysis_path.read_text(encoding="utf-8"))
        names = [each for kind in ("numbers", "tables", "figures") for each in held.get(kind, {})]
    path = study.root / name
    inside = path.resolve().is_relative_to(study.root.resolve()) and path.is_file()
    if name not in names and not inside:
        raise InputError(
            f"{name!r} is no number, table or figure of analysis.json and no file of the study."
            f"{nearest(name, names)}"
        )


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they are, below a bar."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _write(study: StudyFolder, held: Revision, comment: Comment) -> None:
    comments = {**held.comments, comment.name: comment}
    plain = {
        each.name: {
            key: list(value) if key in LISTS else value
            for key in (*TEXTS, *LISTS)
            if (value := getattr(each, key))
        }
        for each in comments.values()
    }
    text = yaml.dump(
        {"comments": plain}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=96
    )
    write_whole(study.revision_path, text)
