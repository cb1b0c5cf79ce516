import re

import pytest

from alignlab.errors import InputError
from alignlab.study.folder import open_study
from alignlab.study.paper.assembling import SECTIONS, assemble
from alignlab.study.paper.nodes import Figure, Grid, Heading, plain_text, walk


def titles(paper):
    heads = [each for each in walk(paper.sections) if isinstance(each, Heading)]
    return [plain_text(each.children) for each in heads if each.level == 1]


def test_the_sections_in_their_order(study):
    (study / "paper" / "discussion.md").write_text("# What it means\n\nMuch.\n")
    paper = assemble(open_study(study))
    expected = [*SECTIONS.values(), "Deviations from the plan", "Reproducibility checklist"]
    expected[expected.index("Discussion")] = "What it means"
    assert titles(paper) == expected
    assert paper.unwritten == ("Ethics",)
    assert [each.name for each in paper.authors] == ["Ada Example", "Bo Muster"]
    hidden = assemble(open_study(study), anonymous=True)
    assert (hidden.authors, hidden.byline) == ((), "Anonymous authors")


def test_a_study_without_authors_is_not_called_anonymous(study):
    statement = (study / "study.yaml").read_text()
    (study / "study.yaml").write_text(re.sub(r"authors:\n(  .*\n)+", "authors: []\n", statement))
    (study / "paper" / "abstract.md").unlink()
    paper = assemble(open_study(study))
    assert paper.byline == "Authors not stated"
    assert paper.unwritten == ("Abstract", "Ethics")


def test_planned_tables_and_figures_are_in_it_once(study):
    pieces = walk(assemble(open_study(study)).sections)
    names = [each.name for each in pieces if isinstance(each, Grid | Figure)]
    assert names == ["", "main", "H1", "hypotheses", "H2", "failures"]


def test_only_what_is_cited_is_in_the_bibliography(study):
    keys = [each.key for each in assemble(open_study(study)).works]
    assert keys == ["guo2017calibration", "hardt2016equality", "holm1979simple",
                    "madry2018towards", "pineau2021improving"]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("results.md", "a\n\n{{ table main }}\n\n{{ table main }}\n",
         r"paper/results\.md:5: the table 'main' is placed twice"),
        ("discussion.md", "x\ny {{ see table tasks }}\n",
         r"paper/discussion\.md:2: the table 'tasks' is pointed to and nowhere placed"),
        ("results.typ", "x", r"holds results\.md and results\.typ"),
    ],
)  # fmt: skip
def test_what_is_placed_twice_or_nowhere_is_told(study, file, text, said):
    (study / "paper" / file).write_text(text)
    with pytest.raises(InputError, match=said):
        assemble(open_study(study))


def test_a_missing_section_is_told(study):
    (study / "paper" / "ethics.md").rename(study / "paper" / "ethic.md")
    with pytest.raises(
        InputError, match=r"has no ethics\.md \(or \.typ\)\. Did you mean 'ethic\.md'"
    ):
        assemble(open_study(study))
    (study / "paper" / "ethics.md").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"paper/ethics\.md is not UTF-8"):
        assemble(open_study(study))


def test_every_deviation_is_told(study):
    (study / "experiment.py").write_text("def run(config, seed):\n    return {'changed': 1}\n")
    said = [
        each.text for each in walk(assemble(open_study(study)).sections) if hasattr(each, "text")
    ]
    assert any("experiment.py" in each and "changed" in each for each in said)
