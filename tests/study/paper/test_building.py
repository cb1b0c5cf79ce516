import json
import re
import time

import pytest

from alignlab.errors import InputError
from alignlab.study.paper import build_paper
from alignlab.study.paper.pdf_reading import pdf_text
from alignlab.study.paper.values import number_text

NUMBER = re.compile(r"[−-]?\d+\.\d+")


def text_of(pdf):
    return " ".join(pdf_text(pdf.read_bytes()).split())


def floats_of(value):
    """Return every float in plain values."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in floats_of(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in floats_of(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_every_number_of_the_results_is_in_analysis_json(study, analysis):
    """Read from the PDF, and rounded anew from what the file holds."""
    said = text_of(build_paper(study).files[0])
    results = said.partition("4 Results")[2].partition("Discussion")[0]
    results += said.partition("Figure 1 .")[2].partition("References")[0]
    known = floats_of(analysis)
    drawn = "".join(path.read_text() for path in (study / "figures").glob("*.svg"))
    axes = {each.replace("−", "-") for each in NUMBER.findall(re.sub(r"<[^>]*>", " ", drawn))}
    found = {each.replace("−", "-") for each in NUMBER.findall(results)} - {"0.05"} - axes
    for text in found:
        digits = len(text.partition(".")[2])
        assert any(f"{each:.{digits}f}" == text for each in known) or text in str(analysis), text
    assert len(found) >= 12
    difference = analysis["numbers"]["H1.difference"]
    assert f"{difference['value']:.2f}, 95% CI [{difference['low']:.2f}, " in said
    assert number_text(difference["high"], ".2f") in said


@pytest.fixture
def any_analysis(monkeypatch):
    """Let an analysis be printed that the results do not give."""
    monkeypatch.setattr("alignlab.study.paper.assembling.require_current", lambda study: ())


@pytest.mark.usefixtures("any_analysis")
def test_a_number_that_changes_changes_in_the_paper(study, analysis):
    analysis["numbers"]["H1.difference"] |= {"value": 7.531, "low": 6.2, "high": 9.1}
    (study / "analysis.json").write_text(json.dumps(analysis))
    assert "7.5, 95% CI [6.2, 9.1]" in text_of(build_paper(study).files[0])


@pytest.mark.parametrize("format", ["pdf", "html", "latex", "typst"])
def test_the_same_folder_gives_the_same_bytes(study, format, tmp_path):
    first = build_paper(study, format=format)
    contents = [path.read_bytes() for path in first.files]
    again = build_paper(study, format=format, out=tmp_path / f"x.{format}")
    assert [path.read_bytes() for path in again.files] == contents


HOSTILE = '$x$ #read("a") \\input{b} <b>&amp;</b> *c* _d_ @e `f` [g] %h ~i ^j // k'


@pytest.mark.usefixtures("any_analysis")
def test_hostile_words_are_in_the_paper_verbatim_and_run_nothing(study, analysis):
    def changed(text):
        return (
            text.replace("Does adversarial training cost fairness?", json.dumps(HOSTILE))
            .replace("gap between groups", json.dumps(HOSTILE))
            .replace("Ada Example", json.dumps(HOSTILE))
        )

    statement = (study / "study.yaml").read_text()
    (study / "study.yaml").write_text(changed(statement))
    analysis["tables"]["main"] = {"title": HOSTILE, "columns": [HOSTILE], "rows": [[HOSTILE]]}
    analysis["figures"]["H1"]["title"] = HOSTILE
    analysis["numbers"]["H1.verdict"] = {"text": HOSTILE}
    (study / "analysis.json").write_text(json.dumps(analysis))
    (study / "literature").mkdir()
    entry = "@misc{e2020x, author = {%s}, title = {Own %s}, year = {2020}}"
    hostile = r"\$x\$ \#read a"
    (study / "literature" / "references.bib").write_text(entry % (hostile, hostile))
    (study / "paper" / "discussion.md").write_text("So [@e2020x].")
    for columns in (1, 2):
        said = " ".join(text_of(build_paper(study, columns=columns).files[0]).split())
        flat = re.sub(r"[\s-]+", "", said)
        wanted = re.sub(r"[\s-]+", "", HOSTILE)
        assert flat.count(wanted) >= 5
        assert "Own$x$#reada" in flat
    page = build_paper(study, format="html").files[0].read_text()
    assert "<b>" not in page
    tex = build_paper(study, format="latex").files[0].read_text()
    assert "\\input" not in tex


@pytest.mark.parametrize("format", ["pdf", "html"])
@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n{{ H9.difference }}", 2), ("a\n\nb [@nobody2020]", 3), ("{{ figure H9 }}", 1)],
)
def test_a_missing_name_fails_and_leaves_the_earlier_paper(study, format, text, line):
    earlier = [(path, path.read_bytes()) for path in build_paper(study, format=format).files]
    (study / "paper" / "results.md").write_text(text)
    before = sorted(study.rglob("*"))
    with pytest.raises(InputError) as caught:
        build_paper(study, format=format)
    assert str(caught.value).startswith(f"paper/results.md:{line}: ")
    assert all(path.read_bytes() == content for path, content in earlier)
    assert sorted(study.rglob("*")) == before


def test_a_letter_that_no_font_has_is_refused_and_not_boxed(study):
    (study / "paper" / "discussion.md").write_text("Ångström, ≤, Ελ\n\nand 漢.", encoding="utf-8")
    with pytest.raises(InputError, match=r"^paper/discussion\.md:3: a PDF cannot show '漢'"):
        build_paper(study)
    assert not (study / "paper" / "paper.pdf").exists()
    assert "漢" in build_paper(study, format="html").files[0].read_text(encoding="utf-8")


def test_a_section_in_typst(study):
    results = study / "paper" / "results.md"
    results.unlink()
    typst = results.with_suffix(".typ")
    typst.write_text(
        "It is {{ H1.difference }} @holm1979simple.\n\n{{ table main }}\n\n$ x^2 $\n\n"
        "See {{ see table main }}.\n"
    )
    said = text_of(build_paper(study).files[0])
    assert "It is 2.04, 95% CI" in said
    assert "Means over seeds and tasks" in said
    for format in ("html", "latex"):
        with pytest.raises(InputError, match=r"paper/results\.typ is Typst"):
            build_paper(study, format=format)
    with pytest.raises(InputError, match=r"results\.typ is Typst already"):
        build_paper(study, format="typst")
    typst.write_text("fine\n\n@holm1979simpel\n")
    with pytest.raises(InputError, match=r"paper/results\.typ:3: .*Did you mean 'holm1979simple'"):
        build_paper(study)


def test_an_anonymous_paper_names_nobody_anywhere(study):
    built = build_paper(study, anonymous=True)
    assert "Anonymous authors" in text_of(built.files[0])
    content = (
        built.files[0].read_bytes()
        + build_paper(study, anonymous=True, format="latex").files[0].read_bytes()
    )
    for name in (b"Ada", b"Muster", b"ada@", b"Institute"):
        assert name not in content


def test_the_paper_is_there_within_five_seconds(study):
    build_paper(study)
    begun = time.perf_counter()
    assert build_paper(study).seconds < 5
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": "pfd"}, "Did you mean 'pdf'"),
        ({"columns": 3}, "columns='3'"),
        ({"style": "mla"}, "style='mla'"),
        ({"out": "x.docx"}, r"x\.docx: .* ends in \.pdf"),
    ],
)
def test_what_is_not_there_is_refused(study, given, said):
    with pytest.raises(InputError, match=said):
        build_paper(study, **given)


def test_what_was_built_is_told(study):
    built = build_paper(study)
    assert re.fullmatch(
        r"Written to .*paper\.pdf in \d\.\d s; 5 works cited\. Not written yet: Ethics\.",
        str(built),
    )
    assert built.to_dict()["unwritten"] == ["Ethics"]


@pytest.mark.parametrize(
    ("file", "was", "becomes", "said"),
    [
        ("study.yaml", "direction: greater", "direction: less", r"study\.yaml and results\.jsonl"),
        ("study.yaml", "{tasks: [data]}", "{tasks: [data], level: 0.9}", "study alignlab|analyze"),
        ("figures/H1.svg", "</svg>", " </svg>", "H1.svg is not the figure"),
    ],
)
def test_what_the_results_do_not_give_is_not_printed(study, file, was, becomes, said):
    text = (study / file).read_text()
    assert was in text
    (study / file).write_text(text.replace(was, becomes))
    with pytest.raises(InputError, match=said):
        build_paper(study, format="html")
