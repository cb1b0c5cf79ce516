"""Attacks are found by name, those of plug-ins too."""

import pytest

from alignlab.robustness.attacks import register


def test_every_attack_is_called_what_it_says():
    for name, made in register.all_attacks().items():
        assert made().name == name


def test_a_plug_in_is_found(monkeypatch):
    class Point:
        name = "mine"

        def load(self):
            return register.PGD

    monkeypatch.setattr(register, "entry_points", lambda group: [Point()])
    register.all_attacks.cache_clear()
    try:
        assert register.all_attacks()["mine"] is register.PGD
    finally:
        register.all_attacks.cache_clear()


@pytest.mark.parametrize("made", register.all_attacks().values(), ids=register.all_attacks())
def test_an_attack_says_whether_it_needs_gradients(made):
    assert made().needs_gradients in (True, False)
