from __future__ import annotations

import pytest
import typst
import yaml

from alignlab.guide.hayagriva import hayagriva_yaml
from alignlab.guide.works import parse_bibtex, references
from alignlab.study.paper.pdf_reading import pdf_text

STYLES = ["ieee", "apa", "chicago-author-date"]


def compiled(folder, style, works):
    (folder / "r.yaml").write_text(hayagriva_yaml(works), encoding="utf-8")
    page = f'#set page(width: 40cm)\n#bibliography("r.yaml", style: "{style}", full: true)\n'
    (folder / "p.typ").write_text(page)
    pdf, warned = typst.compile_with_warnings(folder / "p.typ")
    assert not warned
    return " ".join(pdf_text(pdf).split())


@pytest.mark.parametrize("style", STYLES)
def test_the_whole_bibliography_compiles(tmp_path, style):
    text = compiled(tmp_path, style, references().values())
    assert "SLIC Superpixels Compared" in text
    assert "Concrete Problems in AI Safety" in text
    assert "National Institute of Standards and Technology" in text
    assert ",)" not in text
    shown = text.replace(" ", "").casefold()
    missing = [
        work.key
        for work in references().values()
        if work.title.replace(" ", "").replace('"', "").casefold()[:25]
        not in shown.replace("“", "").replace("”", "").replace("‘", "").replace("’", "'")
        and not set("\"'’“") & set(work.title)
    ]
    assert not missing


def test_every_text_is_what_it_says_it_is():
    entry = r"@article{x, author={Yes, No and {1.0 Firm}}, title={No: #1 \{null\} $5}, year=1e3}"
    (work,) = parse_bibtex(entry.replace("1e3", "1900")).values()
    read = yaml.safe_load(hayagriva_yaml([work]))["x"]
    assert read["title"] == r"{No: #1 \{null\} \$5}"
    assert read["author"] == ["Yes, No", {"name": "1.0 Firm"}]
    assert "parent" not in read


def test_no_style_takes_the_capitals_of_a_name(tmp_path):
    """Chicago's writes titles in its own way, and would print Iphone and Bi-CG."""
    entry = "@misc{x2000y, author={Lee, A.}, title={iPhone and SLIC in bi-CG}, year=2000}"
    text = compiled(tmp_path, "chicago-author-date", parse_bibtex(entry).values())
    assert "iPhone and SLIC in bi-CG" in text


def test_unusual_keys_and_texts_compile(tmp_path):
    text = r"""
    @article{a:b, author={Lee, A.}, title={T \{x\} \$5 #1 @y *z* _w_}, journal={J & K}, volume={A1}}
    @misc{x+y/z, editor={Lee, A.}, title={U}, howpublished={Talk: "a"}, url={https://x.org/a_b}}
    """
    shown = compiled(tmp_path, "apa", parse_bibtex(text).values())
    assert "T {x} $5 #1 @y *z* _w_" in shown
    assert "J & K" in shown
    assert "n.d." in shown
