import re
from html import unescape
from html.parser import HTMLParser

from alignlab.study.folder import open_study
from alignlab.study.paper.assembling import assemble
from alignlab.study.paper.html_form import html_page
from alignlab.study.paper.manuscript import Manuscript
from alignlab.study.paper.nodes import (
    Code,
    CodeBlock,
    Figure,
    Grid,
    Heading,
    Link,
    Note,
    Paragraph,
    See,
    Text,
    Value,
    as_text,
)
from alignlab.study.spec import Author

HOSTILE = "</title></style><script>alert('x')</script> & <img src=x onerror=y> \"q\""


class Elements(HTMLParser):
    """Checks nesting, and keeps ids, links and names of elements."""

    VOID = ("meta", "br", "img", "mspace")

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.names, self.attributes = [], [], [], set(), set()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.names.add(tag)
        self.attributes |= held.keys()
        self.ids += [held["id"]] if "id" in held else []
        self.links += [held["href"]] if "href" in held else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_whole_paper_is_one_page_that_loads_nothing(study):
    page = html_page(assemble(open_study(study)))
    found = Elements(page)
    assert "script" not in found.names
    assert not {"style", "onclick", "onload"} & found.attributes
    assert len(set(found.ids)) == len(found.ids)
    inside = {link[1:] for link in found.links if link.startswith("#")}
    assert inside <= set(found.ids)
    assert not re.search(r'(?:src|url\()\s*=?\s*["\']?https?:', page)
    assert "default-src 'none'" in unescape(page)
    assert page == html_page(assemble(open_study(study)))


def test_citations_are_those_of_the_style(study):
    page = html_page(assemble(open_study(study)))
    assert '<a href="#work-madry2018towards" role="doc-biblioref">[1]</a>' in page
    page = html_page(assemble(open_study(study), style="apa"))
    assert re.search(r'href="#work-hardt2016equality"[^>]*>Hardt et al. \(2016\)', page)
    assert page.count('<li id="work-') == 5


def test_numbers_say_where_they_are_from(study, analysis):
    page = html_page(assemble(open_study(study)))
    low = analysis["numbers"]["H1.difference"]["low"]
    assert f'<data value="H1.difference.low">{low:.2f}</data>' in page


def test_hostile_words_everywhere_are_words():
    words = as_text(HOSTILE)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    blocks = (
        Heading(1, words),
        Paragraph((Text(HOSTILE), Code(HOSTILE), Value(HOSTILE, HOSTILE), Note(words),
                   Link("https://x.y/?a=\"><script>", words), See("figure", HOSTILE))),
        CodeBlock(HOSTILE),
        Grid(HOSTILE, words, (words,), ((words,),), ("left",)),
        Figure(HOSTILE, words, HOSTILE, "f.svg", svg),
    )  # fmt: skip
    author = Author(name=HOSTILE, affiliation=HOSTILE, email=HOSTILE)
    page = html_page(Manuscript(HOSTILE, (author,), (), (HOSTILE,), blocks, (), "ieee", 2))
    found = Elements(page)
    assert "script" not in found.names
    assert "onerror" not in found.attributes
    assert unescape(re.sub("<[^>]+>", "", page)).count("alert('x')") >= 10
    assert '<img alt="' in page  # the drawing that does more than draw stays outside the page


def test_an_anonymous_paper_names_nobody(study):
    page = html_page(assemble(open_study(study), anonymous=True))
    assert "Anonymous authors" in page
    assert "Ada" not in page
