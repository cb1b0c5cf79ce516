"""Pages of the guide made from its data when the site is built, and citations made links to them.

mkdocs calls `on_files` and `on_page_markdown`. The pages are never stored, so none can be out of
date. A citation is a key in brackets, alone or with others and a place, as `[guo2017calibration,
eq. 3]`; in a section "Sources" names and a year, too, where they fit one work of the guide alone.
"""

from __future__ import annotations

import html
import os.path
import re
from collections.abc import Iterable
from typing import Any

from alignlab.guide import (
    TOPICS,
    Correction,
    Reference,
    books,
    competitions,
    corrections,
    forums,
    organisations,
    path,
    references,
    venues,
    workflow,
)
from alignlab.guide.apa import apa_reference
from alignlab.guide.latex import folded
from alignlab.guide.people import person

KEY = re.compile(r"\b[a-z]{2,}\d{4}[a-z]+\b")
CITATION = re.compile(r"\[((?:[a-z]+\d{4}[a-z]+)(?:[,;] [^\[\]\n]*)?)\](?!\()")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)

ABOUT = {
    "foundations": "What alignment is, and why it is hard",
    "values": "Value alignment: what people want, as rewards and utilities",
    "robustness": "Robustness: attacks, accidents, certificates",
    "uncertainty": "Uncertainty: does a model know what it does not know",
    "transparency": "Transparency: why a model decides so",
    "fairness": "Fairness: whom it treats differently",
    "oversight": "Oversight: people in the loop",
    "assurance": "Assurance: audits, documentation, standards",
    "research": "Research: statistics and the craft of studies",
}

FILTER = """
<p><label for="guide-filter">Find in this page:</label>
<input id="guide-filter" type="search" placeholder="author, title, year, venue or key"
 style="border:1px solid currentColor;border-radius:3px;padding:.3em .5em;width:20em">
<span id="guide-count" role="status"></span></p>
<script>
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("guide-filter");
  const told = document.getElementById("guide-count");
  const plain = (text) => text.normalize("NFD").replace(/\\p{M}/gu, "").toLowerCase();
  const works = [...document.querySelectorAll(".guide-work")];
  const texts = works.map((work) => plain(work.textContent));
  field.addEventListener("input", () => {
    const words = plain(field.value).split(/\\s+/).filter(Boolean);
    let shown = 0;
    works.forEach((work, at) => {
      work.hidden = !words.every((word) => texts[at].includes(word));
      shown += !work.hidden;
    });
    told.textContent = words.length ? `${shown} of ${works.length}` : "";
  });
});
</script>
"""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made from the data."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Make the citations of a page links to the guide."""
    return linked(markdown, page.file.src_uri)


def pages() -> dict[str, str]:
    """Return the generated pages by their place below `docs`."""
    return {
        "guide/references.md": references_page(),
        "guide/organisations.md": organisations_page(),
        "guide/path.md": path_page(),
    }


def linked(markdown: str, place: str) -> str:
    """Return a page with each known key of its citations as a link; code stays as it is.

    Parameters
    ----------
    markdown
        The page's text.
    place
        Where it lies below `docs`, such as "methods/lime.md".
    """
    to = os.path.relpath("guide/references.md", os.path.dirname(place) or ".").replace(os.sep, "/")

    def link(found: re.Match[str]) -> str:
        key = found[0]
        return f"[{key}]({to}#{key})" if key in references() else key

    def citation(found: re.Match[str]) -> str:
        return rf"\\[{KEY.sub(link, found[1])}\\]".replace("\\\\", "\\")

    before, heading, sources = markdown.partition("\n## Sources\n")
    sources, next_heading, after = sources.partition("\n## ")
    named = re.sub(r"[^;]+", lambda clause: _years_linked(clause[0], to), sources)
    parts = CODE.split(f"{before}{heading}{named}{next_heading}{after}")
    parts[::2] = [CITATION.sub(citation, part) for part in parts[::2]]
    return "".join(parts)


def _years_linked(clause: str, to: str) -> str:
    """Return a clause of sources with its years as links, where names and year fit one work."""
    if KEY.search(clause):
        return clause

    def link(found: re.Match[str]) -> str:
        key = _named_work(clause[: found.start()], int(found[0]))
        return f"[{found[0]}]({to}#{key})" if key else found[0]

    return re.sub(r"\b(?:1[89]|20)\d\d\b", link, clause)


def _named_work(before: str, year: int) -> str:
    """Return the key of the work of that year whose authors are named before it, if it is one."""
    text = folded(before)
    fitting = [
        (work, families)
        for work in references().values()
        if work.year == year
        and (families := [folded(person(name).family) for name in work.authors])
        and families[0] in text
    ]
    whole = [work for work, families in fitting if all(name in text for name in families)]
    found = whole or [work for work, _ in fitting]
    return found[0].key if len(found) == 1 else ""


def references_page() -> str:
    """Return the references by topic, each once, with an anchor of its key."""
    works = list(references().values())
    memory = sum(work.verified == "memory" for work in works)
    lines = [
        "# References",
        "",
        f"{len(works)} works, as of {works[0].as_of}. Each says how it was verified; {memory} were "
        "written from memory and wait for someone who confirms them. In the terminal: "
        "`alignlab guide papers WORDS`, `alignlab guide show KEY`, `alignlab guide cite KEY`.",
        FILTER,
    ]
    told: set[str] = set()
    wrong = _corrections_by_key()
    for topic in TOPICS:
        of_topic = sorted(
            (work for work in works if work.topics[:1] == (topic,)),
            key=lambda work: (work.year or 0, work.key),
            reverse=True,
        )
        lines += [f"## {ABOUT[topic]}", ""]
        for work in of_topic:
            told.add(work.key)
            lines += [_work(work, wrong.get(work.key, ())), ""]
    return "\n".join(lines)


def _work(work: Reference, wrong: Iterable[Correction]) -> str:
    text = apa_reference(work)
    if work.link:
        text = text.removesuffix(work.link).rstrip()
    written = html.escape(text, quote=False)
    links = f' <a href="{html.escape(work.link)}">{html.escape(work.link)}</a>' if work.link else ""
    told = "".join(
        f"<br><em>The founding text said:</em> {html.escape(each.said, quote=False)} "
        f"<em>What is true:</em> {html.escape(each.truth, quote=False)}"
        for each in wrong
    )
    also = f" Also: {', '.join(work.topics[1:])}." if work.topics[1:] else ""
    seen = html.escape(work.verified, quote=False)
    return (
        f'<div class="guide-work" id="{work.key}"><p><code>{work.key}</code> {written}{links}'
        f"<br><small>Verified: {seen}.{also}</small>{told}</p></div>"
    )


def organisations_page() -> str:
    """Return who works on alignment and where it is printed and talked about, as tables."""
    lines = [
        "# Organisations, venues and forums",
        "",
        f"As of {organisations()[0].as_of}. States change: `alignlab guide check --online` asks "
        "every link. The founding text is what alignlab began with; what it got wrong is below.",
        "",
        "## Organisations",
    ]
    for kind in dict.fromkeys(each.kind for each in organisations()):
        lines += ["", f"### {kind.capitalize()}", ""]
        lines += _table(
            ("name", "place", "state", "what it does, and what to know"),
            [
                (
                    _named(each.name, each.url),
                    each.place,
                    each.status + (f" {each.closed}" if each.closed else ""),
                    _about(each, each.focus, each.note),
                )
                for each in organisations()
                if each.kind == kind
            ],
        )
    for kind in ("conference", "journal"):
        lines += ["", f"## {kind.capitalize()}s", ""]
        lines += _table(
            ("name", "for", "next edition known", "what to know"),
            [
                (
                    _named(each.name, each.url),
                    ", ".join(each.fit),
                    str(each.edition or ""),
                    _about(each, each.publisher, each.note),
                )
                for each in venues()
                if each.kind == kind
            ],
        )
    for title, held in (("Competitions", competitions()), ("Forums", forums())):
        lines += ["", f"## {title}", ""]
        lines += _table(
            ("name", "state", "what to know"),
            [
                (
                    _named(each.name, each.url),
                    each.status,
                    _about(each, getattr(each, "years", ""), each.note),
                )
                for each in held
            ],
        )
    lines += ["", "## Books", ""]
    lines += _table(
        ("book", "by", "year", "what to know"),
        [
            (
                f"{_named(book.title, book.url)} [{book.key}]",
                ", ".join(book.authors or book.editors),
                str(book.year or ""),
                _about(book, f"code: {book.code}" if book.code else ""),
            )
            for book in books()
            if not book.exclude
        ],
    )
    lines += ["", "## What the founding texts got wrong", ""]
    lines += _table(
        ("about", "the text said", "what is true", "seen"),
        [
            (f"a {each.kind}", each.said, each.truth, f"{each.seen} ({each.as_of})")
            for each in corrections()
        ],
    )
    return "\n".join([*lines, ""])


def path_page() -> str:
    """Return the ten steps with their readings, exercises and commands."""
    lines = [
        "# The ten steps",
        "",
        "From the basics to a paper. Each step has readings, an exercise that is done with this "
        "package, and a check that runs what was made: `alignlab guide path` shows where one "
        "stands, `alignlab guide path --step 4 --check` what holds and what does not.",
    ]
    for step in path():
        lines += [
            "",
            f"## {step.step}. {step.title}",
            "",
            f"**Exercise.** {step.exercise}",
            "",
            f"**Done when** {step.done_when}.",
            "",
            f"The package {step.does}: {', '.join(f'`{each}`' for each in step.commands)}.",
            "",
            "**Read:**",
            "",
        ]
        lines += [f"- {references()[key]} [{key}]" for key in step.read]
        lines += [f"- {SEE[part]}" for part in step.see]
    lines += ["", "## Writing a paper, in eight steps", ""]
    lines += _table(
        ("step", "what the study's folder holds", "with", "what stops a build"),
        [
            (f"{each.step}. {each.title}", each.artefact, each.tool, each.check)
            for each in workflow()
        ],
    )
    return "\n".join([*lines, ""])


SEE = {
    "organisations": "[The organisations](organisations.md#organisations)",
    "venues": "[The conferences and journals](organisations.md#conferences)",
    "competitions": "[The competitions](organisations.md#competitions)",
    "forums": "[The forums](organisations.md#forums)",
    "workflow": "[Writing a paper, in eight steps](#writing-a-paper-in-eight-steps)",
}


def _corrections_by_key() -> dict[str, list[Correction]]:
    found: dict[str, list[Correction]] = {}
    for each in corrections():
        for key in each.about[:1]:
            found.setdefault(key, []).append(each)
    return found


def _about(entry: Any, *told: str) -> str:
    """Return what there is to say of an entry, and below it how it was verified."""
    named = "Named in the founding text. " if entry.in_founding_text else ""
    parts = [part for part in told if part]
    return "<br>".join([*parts, f"<small>{named}Seen: {entry.seen}.</small>"])


def _named(name: str, url: str) -> str:
    return f"[{name}]({url})" if url else name


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return a table in Markdown, without the columns in which nothing stands."""
    heads = list(columns)
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    kept = [at for at, _ in enumerate(heads) if any(row[at] for row in cells)]
    lines = [f"| {' | '.join(heads[at] for at in kept)} |", "|" + " --- |" * len(kept)]
    return lines + [f"| {' | '.join(row[at] for at in kept)} |" for row in cells]
