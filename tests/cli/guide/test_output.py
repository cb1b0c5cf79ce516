from __future__ import annotations

import io

from rich.console import Console

from alignlab.cli.guide.output import corrected, places, shown_link, works_table
from alignlab.guide import corrections_of, forums, references


def shown(print_it, width=60):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_it(console)
    return console.file.getvalue()


def test_a_work_has_its_link_whole_where_it_fits():
    work = references()["clopper1934use"]
    text = shown(lambda console: console.print(works_table(console, [work])), width=100)
    assert "https://doi.org/10.1093/biomet/26.4.404" in text
    assert "Clopper & Pearson (1934). Biometrika" in text


def test_a_link_that_is_broken_over_lines_is_still_one_link():
    console = Console(file=io.StringIO(), width=20, force_terminal=True, color_system="standard")
    console.print(shown_link("https://doi.org/10.1093/biomet/26.4.404"))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert all(";https://doi.org/10.1093/biomet/26.4.404\x1b" in line for line in lines)


def test_places_have_state_and_link_and_no_title_stands_alone():
    entry = next(each for each in forums() if each.key == "lesswrong")
    text = shown(lambda console: places(console, "forums", [(entry, ["a note", ""])]))
    assert [line.strip() for line in text.splitlines() if line.strip()] == [
        "forums",
        "lesswrong  LessWrong  active",
        "a note",
        "https://www.lesswrong.com",
    ]
    assert shown(lambda console: places(console, "forums", [])) == ""


def test_a_correction_says_what_was_said_and_what_is_true():
    text = shown(lambda console: corrected(console, corrections_of("doshivelez2017towards")))
    assert "The text said" in text
    assert "Seen" in text
