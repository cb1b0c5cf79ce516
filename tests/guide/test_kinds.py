from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import typer

import alignlab
from alignlab import guide
from alignlab.cli.app import app

LISTS = {
    "books": (13, guide.Book),
    "organisations": (25, guide.Organisation),
    "venues": (18, guide.Venue),
    "competitions": (4, guide.Competition),
    "forums": (9, guide.Forum),
    "path": (10, guide.Step),
    "workflow": (8, guide.Stage),
    "corrections": (40, guide.Correction),
}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_read_and_every_entry_says_when(name):
    least, kind = LISTS[name]
    entries = getattr(guide, name)()
    assert len(entries) >= least
    assert all(type(entry) is kind and entry.as_of >= "2026-11-21" for entry in entries)
    assert all(entry.to_dict()["as_of"] == entry.as_of for entry in entries)
    with pytest.raises(dataclasses.FrozenInstanceError):
        entries[0].as_of = "x"


@pytest.mark.parametrize("name", ["books", "organisations", "venues", "forums", "corrections"])
def test_every_entry_says_how_it_was_verified(name):
    assert all(entry.seen for entry in getattr(guide, name)())


def test_what_was_not_found_is_not_offered():
    assert {each.key for each in guide.forums() if each.status == "not found"} == {
        "fhi-forum",
        "ml4sg",
    }
    assert not any(each.url for each in guide.forums() if each.status == "not found")
    assert not {book.key for book in guide.books() if book.exclude} & guide.references().keys()


def test_the_corrections_of_a_key():
    (inner,) = guide.corrections_of("hubinger2019risks")
    assert "outer alignment" in inner.truth
    assert guide.corrections_of("holm1979simple") == ()


def test_the_edition_of_a_venue():
    (facct,) = (each for each in guide.venues() if each.key == "facct")
    assert str(facct.edition) == "2026: June 2026, Montreal"


def test_the_path_names_rooms_and_commands_that_exist():
    command = typer.main.get_command(app)
    for step in guide.path():
        for line in step.commands:
            found = command
            for word in line.split()[1:]:
                assert word in found.commands, line
                found = found.commands[word]
    rooms = {each.name for each in Path(alignlab.__file__).parent.iterdir() if each.is_dir()}
    assert {room for step in guide.path() for room in step.rooms} <= rooms
