from datetime import date

import jsonschema
import pytest
import yaml

from alignlab.errors import InputError
from alignlab.study.publishing.citation import check_citation, citation_text
from alignlab.study.spec import Author, StudySpec

# What the schema of the Citation File Format 1.2.0 says of the keys that are written here.
PERSON = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        name: {"type": "string", "minLength": 1}
        for name in ("family-names", "given-names", "name-suffix", "affiliation")
    }
    | {
        "email": {"type": "string", "pattern": r"^[\S]+@[\S]+\.[\S]{2,}$"},
        "orcid": {
            "type": "string",
            "pattern": "https://orcid\\.org/[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]{1}",
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["authors", "cff-version", "message", "title"],
    "additionalProperties": False,
    "properties": {
        "abstract": {"type": "string", "minLength": 1},
        "authors": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "anyOf": [
                    PERSON,
                    {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {
                            **{key: PERSON["properties"][key] for key in ("email", "orcid")},
                            "name": {"type": "string", "minLength": 1},
                        },
                    },
                ]
            },
        },
        "cff-version": {"type": "string", "pattern": r"^1\.2\.0$"},
        "date-released": {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[012])-[0-3][0-9]$"},
        "keywords": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "message": {"type": "string", "minLength": 1},
        "title": {"type": "string", "minLength": 1},
        "type": {"enum": ["dataset", "software"]},
    },
}


def spec(*authors, **more):
    return StudySpec(
        study="s", title="A: 'title'", question="Why?", authors=authors, run="e:run",
        factors={"x": ("a", "b")}, seeds=1, measures={"m": {}}, **more,
    )  # fmt: skip


def test_what_is_written_is_valid():
    authors = (
        Author(name="Ana García", affiliation="Lab", email="a@b.org", orcid="0000-0002-1825-009X"),
        Author(name="van Beethoven, Jr., Ludwig"),
        Author(name="Collective", affiliation="Lab"),
    )
    text = citation_text(
        spec(*authors, paper={"keywords": ("b", "a", "b")}), released=date(2026, 1, 2)
    )
    held = yaml.safe_load(text)
    jsonschema.validate(held, SCHEMA)
    assert [each.get("family-names") for each in held["authors"]] == [
        "García", "van Beethoven", None,
    ]  # fmt: skip
    assert held["authors"][2] == {"name": "Collective"}


def test_an_anonymous_one_is_valid_and_names_nobody():
    text = citation_text(spec(Author(name="Ana García")), anonymous=True)
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    assert "Garc" not in text


def test_nobody_to_cite():
    with pytest.raises(InputError, match="names no authors"):
        citation_text(spec())
    with pytest.raises(InputError, match="author 1: orcid"):
        citation_text(spec(Author(name="A B", orcid="12")))
    with pytest.raises(InputError, match="author 1: email 'ab' is no address"):
        citation_text(spec(Author(name="A B", email="ab")))


GOOD = "cff-version: 1.2.0\nmessage: Cite it.\ntitle: T\nauthors:\n  - name: A\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("- a", "cff:1: this is no mapping"),
        (GOOD.replace("title: T\n", ""), "title is missing"),
        (GOOD.replace("1.2.0", "1.1.0"), "cff:1: cff-version"),
        (GOOD + "type: paper\n", "cff:6: type = 'paper' is not one of software, dataset"),
        (GOOD + "date-released: 2026-13-01\n", "cff:6: date-released"),
        (GOOD + "doi: https://doi.org/10.1/a\n", "cff:6: doi"),
        (GOOD + "keywords: [a, a]\n", "cff:6: keywords"),
        (GOOD.replace("name: A", "nam: A"), "cff:5: author 1: there is no key 'nam'"),
        (GOOD + "  - name: A\n", "cff:6: author 2 stands twice"),
        (GOOD + "licence: MIT\n", "Did you mean 'license'"),
    ],
)
def test_a_file_of_the_authors_is_checked_line_by_line(change, told):
    check_citation(GOOD)
    with pytest.raises(InputError, match=told):
        check_citation(change)
