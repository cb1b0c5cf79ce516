import re

import pytest

from alignlab.errors import InputError
from alignlab.study.paper.values import read_findings
from alignlab.study.publishing.cards import datasheet, model_card, parse_cards
from alignlab.study.reading import read_study


def test_every_number_of_the_card_is_one_of_the_analysis(finished_folder):
    spec = read_study(finished_folder / "study.yaml")
    findings = read_findings(finished_folder / "analysis.json", finished_folder / "results.jsonl")
    card = model_card(spec, findings, {"experiment.py": "ab"}, {"intended use": "Research."})
    text = (finished_folder / "analysis.json").read_text()
    assert "## Intended use\n\nResearch." in card
    decimals = re.findall(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?", card.partition("| number")[2])
    assert len(decimals) >= 9
    assert all(each in text or each.removesuffix(".0") in text for each in decimals)
    sheet = datasheet(spec, findings, {"rows.csv": "cd"}, {})
    assert "6 runs, one a line: 2 configurations" in sheet
    assert "## Maintenance\n\n*The authors have not said.*" in sheet


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a", "yaml:1: this is no mapping"),
        ("model_card: {}", "Did you mean 'model-card'"),
        ("datasheet:\n  use: a", "yaml:2: .* Did you mean 'uses'"),
        ("datasheet:\n  uses: 3", "yaml:2: uses is not a text"),
        ("datasheet: 3", "yaml:1: datasheet is not a text"),
    ],
)
def test_a_slip_is_named_by_its_line(text, told):
    with pytest.raises(InputError, match=told):
        parse_cards(text)
