"""Keys: none is for two things on one page, and the page's own match the templates'."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import alignlab.web
from alignlab.web.keys import ACTIONS, EVERYWHERE

TEMPLATES = Path(alignlab.web.__file__).parent / "templates"


def test_no_key_is_for_two_things_that_can_stand_on_one_page():
    shared = [each for group in EVERYWHERE for each in ACTIONS[group]]
    for group in ACTIONS:
        here = shared if group in EVERYWHERE else [*shared, *ACTIONS[group]]
        keys = [each.key for each in here]
        assert len(keys) == len(set(keys)), group


def test_every_action_has_one_name():
    names = [each.name for each in chain.from_iterable(ACTIONS.values())]
    assert len(names) == len(set(names))


def test_a_key_on_a_page_is_the_one_that_the_page_of_keys_tells(desk, item):
    told = {each.name: each.key for each in chain.from_iterable(ACTIONS.values())}
    ana = desk([item(explained=True), item("prefer", "text")], arms=("on demand",)).enter()
    for kind in range(2):
        page = ana.see().text
        found = re.findall(r'data-action="([\w-]+)" data-key="([^"]+)"', page)
        assert len(found) > 8
        for name, key in found:
            assert told[name] == key
        kind = "decide" if 'value="decide"' in page else "prefer"
        ana.post("/answer", kind=kind, verdict="accept", preferred="first")


def test_every_key_of_a_template_can_be_changed(desk, item):
    text = "".join(each.read_text("utf-8") for each in TEMPLATES.glob("*.jinja"))
    named = set(re.findall(r'data-action="([\w-]+)"', text))
    assert named <= {each.name for each in chain.from_iterable(ACTIONS.values())}
    page = desk([item()]).enter().see("/keys").text
    for each in chain.from_iterable(ACTIONS.values()):
        assert f'data-of="{each.name}"' in page
