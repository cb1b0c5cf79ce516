from __future__ import annotations

import pytest

from alignlab.guide.apa import apa_list, apa_reference
from alignlab.guide.works import parse_bibtex

WORKS = {
    "article": (
        "@article{x2000y, author={Ann B. Lee and van Dyk, Jo}, title={On {AI} Safety}, year=2000,"
        "journal={Nature Methods}, volume=3, number={1--2}, pages={5--9}, doi={10.1/x}}",
        "Lee, A. B., & van Dyk, J. (2000). On AI safety. Nature Methods, 3(1–2), 5–9. "
        "https://doi.org/10.1/x",
    ),
    "article number": (
        "@article{x, author={Lee, A.}, title={T}, year=2000, journal={PLoS ONE}, volume=11,"
        "number=9, pages={e0162093}}",
        "Lee, A. (2000). T. PLoS ONE, 11(9), Article e0162093.",
    ),
    "proceedings": (
        "@inproceedings{x, author={Lee, A.}, title={The Title}, year=2000, pages={5},"
        "booktitle={Conference on Learning}, publisher={PMLR}, editor={Bo Li and Cy Wu}}",
        "Lee, A. (2000). The title. In B. Li & C. Wu (Eds.), Conference on Learning (p. 5). PMLR.",
    ),
    "chapter": (
        "@incollection{x, author={Lee, A.}, title={The Title}, year=2000, pages={5--6},"
        "booktitle={The Big Handbook}, edition={2}, volume={3}, publisher={MIT}, editor={Li, Bo}}",
        "Lee, A. (2000). The title. In B. Li (Ed.), The big handbook (2nd ed., Vol. 3, pp. 5–6). "
        "MIT.",
    ),
    "book": (
        "@book{x, author={Lee, A.}, title={The Book: A Story}, year=2000, edition={Third},"
        "publisher={MIT}}",
        "Lee, A. (2000). The book: A story (3rd ed.). MIT.",
    ),
    "edited book": (
        "@book{x, editor={Lee, A. and Li, B. and Wu, C.}, title={Book}, publisher={MIT}}",
        "Lee, A., Li, B., & Wu, C. (Eds.). (n.d.). Book. MIT.",
    ),
    "own publisher": (
        "@book{x, author={{World Bank}}, title={Book}, year=2000, publisher={World Bank}}",
        "World Bank (2000). Book.",
    ),
    "report": (
        "@techreport{x, author={{World Bank}}, title={The Report}, year=2000, number=7,"
        "institution={Office}}",
        "World Bank (2000). The report (Report No. 7). Office.",
    ),
    "thesis": (
        "@phdthesis{x, author={Lee, A.}, title={The Thesis}, year=2000, school={MIT}}",
        "Lee, A. (2000). The thesis [Doctoral dissertation, MIT].",
    ),
    "preprint": (
        "@misc{x, author={Lee, A. and others}, title={Why?}, year=2000, eprint={2001.00001}}",
        "Lee, A., et al. (2000). Why? (arXiv:2001.00001). arXiv. https://arxiv.org/abs/2001.00001",
    ),
    "talk": (
        "@misc{x, author={Guy L. {Steele, Jr.}}, title={T}, howpublished={Talk}, url={http://x.y}}",
        "Steele, G. L., Jr. (n.d.). T. Talk. http://x.y",
    ),
    "nobody": ("@misc{x, title={The Thing}, year=2000}", "The thing. (2000)."),
}


@pytest.mark.parametrize("kind", WORKS)
def test_each_kind_by_hand(kind):
    entry, expected = WORKS[kind]
    entry = entry.replace("Guy L. {Steele, Jr.}", "Steele, Jr., Guy L.")
    (work,) = parse_bibtex(entry).values()
    assert apa_reference(work) == expected


def test_of_more_than_twenty_authors_nineteen_and_the_last():
    names = [f"N{chr(97 + n)}, A." for n in range(21)]
    entry = "@misc{{x, title={{T}}, year=2000, author={{{}}}}}"
    (twenty,) = parse_bibtex(entry.format(" and ".join(names[:20]))).values()
    (more,) = parse_bibtex(entry.format(" and ".join(names))).values()
    assert "Ns, A., & Nt, A. (2000)" in apa_reference(twenty)
    assert "Ns, A., … Nu, A. (2000)" in apa_reference(more)
    assert "Nt" not in apa_reference(more)


def test_a_list_is_alphabetical_and_tells_works_of_a_year_apart():
    entry = "@misc{{{}, title={{{}}}, year={}, author={{{}}}}}"
    works = parse_bibtex(
        "\n".join(
            (
                entry.format("a", "Zoo", 2001, "Lee, A. and Wu, B."),
                entry.format("b", "Ape", 2001, "Lee, A. and Wu, B."),
                entry.format("c", "Old", 1999, "Lee, A. and Wu, B."),
                entry.format("d", "Other", 2001, "Lee, A. and Bo, C. and Wu, D."),
                entry.format("e", "First", 2020, "Läe, A."),
            )
        )
    )
    assert apa_list(list(works.values())) == [
        "Läe, A. (2020). First.",
        "Lee, A., Bo, C., & Wu, D. (2001). Other.",
        "Lee, A., & Wu, B. (1999). Old.",
        "Lee, A., & Wu, B. (2001a). Ape.",
        "Lee, A., & Wu, B. (2001b). Zoo.",
    ]
