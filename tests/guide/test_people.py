from __future__ import annotations

import pytest
from pybtex.database import Person as Theirs

from alignlab.guide.people import Person, person, split_people
from alignlab.guide.works import references


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("Lee, Ann and Ann B. Lee", ("Lee, Ann", "Lee, Ann B.")),
        ("van der Vorst, Henk A. and Henk A. van der Vorst", ("van der Vorst, Henk A.",) * 2),
        ("Steele, Jr., Guy L.", ("Steele, Jr., Guy L.",)),
        ("{Barnes and Noble, Inc.} and Plato", ("Barnes and Noble Inc.", "Plato")),
        ("Ji, Jiaming\n and others", ("Ji, Jiaming", "others")),
        ("", ()),
    ],
)
def test_names_by_hand(given, names):
    assert split_people(given) == names


def test_names_as_pybtex_parts_them():
    for work in references().values():
        for name in work.authors:
            if ", " not in name:
                continue
            theirs = Theirs(name)
            ours = person(name)
            family = " ".join((*theirs.prelast_names, *theirs.last_names))
            given = " ".join((*theirs.first_names, *theirs.middle_names))
            assert (ours.family, ours.given) == (family, given)
            assert ours.suffix == " ".join(theirs.lineage_names)


def test_initials():
    assert Person("Le Cun", "Yann A.").initials == "Y. A."
    assert Person("Müller", "Klaus-Robert").initials == "K.-R."
    assert Person("Lee", "A.B.").initials == "A. B."
    assert Person("Plato").initials == ""
