import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.guide import references
from alignlab.study.folder import open_study
from alignlab.study.paper.assembling import assemble
from alignlab.study.paper.formulas import read_formula
from alignlab.study.paper.latex_form import latex_escaped, latex_files
from alignlab.study.paper.manuscript import Manuscript
from alignlab.study.paper.nodes import (
    Citation,
    Cited,
    Code,
    CodeBlock,
    Display,
    Heading,
    Items,
    Link,
    Mathematics,
    Paragraph,
    Quote,
    Text,
    as_text,
)
from alignlab.study.spec import Author

HOSTILE = '\\input{/etc/passwd} $x$ %gone & #1 _a ^b ~c {d} \\end{document} <e> |f| "g" `h\''

ALLOWED = """
documentclass usepackage title author date begin end maketitle noindent textbf section subsection
subsubsection emph texttt href citep citet citealp footnote caption label ref includegraphics item
setcounter toprule midrule bottomrule centering small linewidth newline bibliographystyle
bibliography mbox and textbackslash textasciicircum textasciitilde textless textgreater textbar
textquotedbl textquotesingle textasciigrave ldots times pm leq geq neq rightarrow frac hat max arg
le infty epsilon delta alpha text
"""
COMMANDS = set(ALLOWED.split())
"""All that our LaTeX may hold."""


def check(tex, bib=""):
    """Fail where braces, environments or dollars do not close, or a command or key is unknown."""
    assert tex.isprintable() or "\n" in tex
    bare = re.sub(r"\\\\", " ", tex)
    assert set(re.findall(r"\\([A-Za-z]+)", bare)) <= COMMANDS
    bare = re.sub(r"\\[^A-Za-z]", lambda m: " [ " if m[0] == "\\[" else " ", bare)
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    open_ones = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", bare):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    assert bare.count("$") % 2 == 0
    words = re.sub(r"\$[^$]*\$|\\begin\{tabular\}.*?\\end\{tabular\}", " ", bare, flags=re.DOTALL)
    body = words.partition("\\begin{document}")[2] or words
    assert not re.findall(r"[%#]|(?<!_)&", body)
    keys = {
        key for group in re.findall(r"\\cite(?:p|t|alp)(?:\[.*?\])?\{([^}]*)\}", tex)
        for key in group.split(",")
    }  # fmt: skip
    assert keys <= set(re.findall(r"^@\w+\{([^,]+),", bib, re.MULTILINE))
    labels = set(re.findall(r"\\label\{([^}]*)\}", tex))
    assert set(re.findall(r"\\ref\{([^}]*)\}", tex)) <= labels
    return True


def unescaped(latex):
    """Read escaped words as LaTeX does; independent of the table that wrote them."""
    named = {
        "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<",
        "textgreater": ">", "textbar": "|", "textquotedbl": '"', "textquotesingle": "'",
        "textasciigrave": "`", "ldots": "…",
    }  # fmt: skip
    latex = re.sub(r"\\([a-z]+)\{\}", lambda m: named[m[1]].replace("\\", "\0"), latex)
    latex = re.sub(r"(?<!\\)\{-\}", "-", latex)
    return re.sub(r"\\([{}$&#%_])", r"\1", latex).replace("\0", "\\")


@settings(max_examples=200, deadline=None)
@given(st.text("\\{}$&#%_^~<>|\"'`-ab 1.[]*"))
def test_any_text_is_escaped_and_reads_back(text):
    made = latex_escaped(text)
    assert check(made)
    assert not re.search(r"--|``|''|(?<!\\)[$&#%_^~]", made)
    assert unescaped(made) == re.sub(r"\s+", " ", text)


def test_signs_that_its_letters_lack():
    assert latex_escaped("−0.5 × 10⁻⁵ ≤ “a”—b") == r"$-$0.5 $\times$ 10$^{-5}$ $\leq$ ``a''---b"


def test_hostile_words_everywhere_are_words():
    words = as_text(HOSTILE)
    blocks = (
        Heading(1, words),
        Paragraph((Text(HOSTILE), Code(HOSTILE), Link("https://x.y/%20#_&{}", words))),
        Paragraph((Mathematics(read_formula(r"\frac{1}{2} \text{a\_b}")),)),
        Display(read_formula("x")),
        Items(((Paragraph(as_text("[not a label]")),),)),
        Quote((Paragraph(words),)),
        CodeBlock(f"{HOSTILE}\n\n  [x]"),
        Paragraph((Citation((Cited("holm1979simple", HOSTILE), Cited("guo2017calibration"))),)),
    )
    works = (references()["holm1979simple"], references()["guo2017calibration"])
    author = Author(name=HOSTILE, affiliation=HOSTILE)
    paper = Manuscript(HOSTILE, (author,), (), (HOSTILE,), blocks, works, "ieee", 1)
    files = latex_files(paper)
    tex = files["paper.tex"].decode()
    assert check(tex, files["references.bib"].decode())
    assert "\\input" not in tex
    assert tex.count("\\end{document}") == 1


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("style", ["ieee", "apa"])
def test_a_whole_paper(study, columns, style):
    files = latex_files(assemble(open_study(study), columns=columns, style=style))
    tex = files["paper.tex"].decode()
    assert check(tex, files["references.bib"].decode())
    for name in re.findall(r"\\includegraphics\[.*?\]\{([^}]*)\}", tex):
        assert files[name].startswith(b"%PDF")
    assert ("twocolumn" in tex) == (columns == 2)
    assert ("authoryear" in tex) == (style == "apa")
