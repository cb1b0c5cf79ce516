from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

from alignlab.transparency.cards import card_parts, cards_html


class Tree(HTMLParser):
    """What a page holds: its tags in order, and its words."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "rect", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


def words(page):
    return " ".join(" ".join(Tree(page).text).split())


def test_the_page_asks_nobody_for_anything(card):
    page = card.to_html()
    tree = Tree(page)
    assert not tree.open
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in tree.tags}
    assert not re.search(r"https?://|url\(|@import", page)
    assert not any("style" in attributes or "onclick" in attributes for _, attributes in tree.tags)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(a["content"] for _, a in tree.tags if a.get("http-equiv"))
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_every_sentence_is_on_the_page(card, rent):
    for each in (card, rent[3]):
        told = words(each.to_html())
        for part in each.sections:
            if part.key == "decision":
                assert part.sentences[0] in told
            else:
                assert part.question in told
            if part.key != "changes":
                assert all(line in told for line in part.sentences)
        for way in each.changes:
            for change in way.changes:
                assert change.column.replace("_", " ") in told.lower()


def test_the_page_is_drawn_from_the_plain_values_alone(card):
    told = json.loads(json.dumps(card.to_dict()))
    assert cards_html([told]) == card.to_html()


def test_the_bars_lead_from_the_mean_answer_to_this_one(card):
    page = card.to_html()
    reasons = page.partition("On average")[2].partition("This case")[0]
    bars = re.findall(
        r'<rect x="([\d.]+)%" y="3" width="([\d.]+)%"[^>]*class="(for|against)', reasons
    )
    assert len(bars) == len(card.reasons)
    dots = re.findall(r'<circle cx="([\d.]+)%" cy="9" r="4.5" class="dot"', page)
    at = float(re.search(r'cx="([\d.]+)%"', page.partition("On average")[2])[1])
    for left, width, kind in bars:
        start, end = float(left), float(left) + float(width)
        assert abs((start if kind == "for" else end) - at) < 0.45
        at = end if kind == "for" else start
    assert any(abs(float(dot) - at) < 0.45 for dot in dots)


def test_names_from_the_data_stay_text(card):
    nasty = "<script>alert(1)</script>\x00&"
    bad = replace(
        card,
        labels={**card.labels, "income": nasty, "no": nasty},
        cells={**card.cells, nasty: nasty},
        data=nasty,
    )
    page = bad.to_html()
    assert "<script" not in page
    assert "\x00" not in page
    assert not Tree(page).open


def test_several_cards_are_one_page(card, rent):
    page = cards_html([card.to_dict(), rent[3].to_dict()])
    assert page.count("<article") == 2
    assert "<title>2 decisions explained</title>" in page
    assert len(re.findall(r' id="([^"]+)"', page)) == len(set(re.findall(r' id="([^"]+)"', page)))


def test_a_bare_card_has_a_page_too(card):
    bare = replace(card, changes=None, similar=None, truth=None, probabilities={}, row=None)
    told = words(bare.to_html())
    assert "What would have changed it?" not in told
    assert "What counted?" in told


def test_a_cards_parts_stand_in_another_page(card):
    told = json.loads(json.dumps(card.to_dict()))
    parts = card_parts(told, level=4)
    tree = Tree(parts)
    assert not tree.open
    assert {tag for tag, _ in tree.tags if re.fullmatch(r"h\d", tag)} == {"h4"}
    assert not any("style" in attributes or "onclick" in attributes for _, attributes in tree.tags)
    whole = card.to_html()
    assert parts.replace("h4>", "h2>") in whole
