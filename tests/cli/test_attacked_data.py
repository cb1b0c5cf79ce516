import numpy as np
import pandas as pd
import pytest

from alignlab.cli.attacked_data import (
    Attacked,
    Opening,
    read_attacked,
    read_constraints,
    read_threat,
)
from alignlab.datasets import ImageData, write_images
from alignlab.errors import InputError
from alignlab.predictors import Predictor

NOTHING = dict.fromkeys(("constraints", "scales", "category_cost", "max_changed"))


@pytest.fixture
def light(here, monkeypatch):
    """A model of images that answers how light they are, and images of its two classes."""
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.delitem(__import__("sys").modules, "attacked_light", raising=False)
    (here / "attacked_light.py").write_text("def light(x):\n    return x.mean((1, 2, 3))\n")
    shades = np.linspace(0, 1, 9, dtype=np.float32)
    images = np.broadcast_to(shades[:, None, None], (9, 4, 4))
    names = np.where(shades > 0.5, "light", "dark")
    write_images("shades.npz", ImageData(images, names, ("dark", "light")))
    return here


def test_images_are_read_with_the_names_of_their_classes(light):
    found = read_attacked(
        "attacked_light:light", "shades.npz", target=None, opening=Opening(), rows=500, seed=0
    )
    assert found.X.shape == (9, 1, 4, 4)
    assert found.y.tolist() == ["dark"] * 5 + ["light"] * 4
    assert not found.is_table
    assert found.title == "attacked_light:light (function) on 9 rows of shades"
    threat = read_threat("l2", 0.5, found, **NOTHING)
    assert (threat.norm, threat.radius, threat.low, threat.high) == (2, 0.5, 0.0, 1.0)


def test_rows_are_drawn_by_the_seed(light):
    def drawn(seed):
        options = {"target": None, "opening": Opening(), "rows": 4, "seed": seed}
        return read_attacked("attacked_light:light", "shades.npz", **options)

    first = drawn(0)
    assert len(first.X) == len(first.y) == 4
    assert (np.diff(first.at) > 0).all()
    assert (first.X[:, 0, 0, 0] == first.everything[first.at, 0, 0, 0]).all()
    assert (drawn(0).at == first.at).all()
    assert any((drawn(seed).at != first.at).any() for seed in (1, 2, 3))
    assert "on 4 of 9 rows of shades" in first.title


def table():
    frame = pd.DataFrame({"income": [1.0, 3.0, 5.0], "job": ["clerk", "nurse", "clerk"]})
    predictor = Predictor(lambda rows: rows["income"] / 5, "classification", ("no", "yes"))
    return Attacked(predictor, frame, np.array(["no", "yes", "yes"]), np.arange(3), frame, "t")


def test_what_a_file_does_not_state_is_what_the_data_show(here):
    frame = table().X
    (here / "c.toml").write_text('immutable = ["job"]\n[bounds]\nincome = [0, 9]\n')
    stated = read_constraints(here / "c.toml", frame)
    assert stated.immutable == ("job",)
    assert stated.bounds == {"income": (0.0, 9.0)}
    seen = read_constraints(None, frame)
    assert seen.bounds == {"income": (1.0, 5.0)}
    assert seen.categories == {"job": ("clerk", "nurse")}


def test_a_table_is_moved_in_units_of_its_columns():
    threat = read_threat("linf", 0.5, table(), **NOTHING)
    x = threat.encode(table().X)
    moved = threat.decode(threat.project(x + 100, x))
    spread = np.std([1, 3, 5])
    assert moved["income"].tolist() == pytest.approx([1 + spread / 2, 3 + spread / 2, 5])
    assert moved["job"].tolist() == ["clerk", "nurse", "clerk"]
    own = read_threat("linf", 0.5, table(), **{**NOTHING, "scales": "none"})
    assert own.decode(own.project(x + 100, x))["income"].tolist() == [1.5, 3.5, 5.0]


def test_a_radius_of_which_only_255ths_can_be_meant(light):
    options = {"target": None, "opening": Opening(), "rows": 4, "seed": 0}
    images = read_attacked("attacked_light:light", "shades.npz", **options)
    assert read_threat("linf", 1.0, images, **NOTHING).radius == 1
    with pytest.raises(InputError, match="If 8 of 255 is meant, write linf:8/255"):
        read_threat("linf", 8.0, images, **NOTHING)
    assert read_threat("linf", 8.0, table(), **NOTHING).radius == 8


def test_a_model_knows_its_classes_better_than_a_part_of_the_data(light):
    (light / "attacked_light.py").write_text(
        "class Three:\n"
        "    classes_ = ['grey', 'light', 'dark']\n"
        "    def predict_proba(self, x): return [[0.2, 0.5, 0.3]] * len(x)\n"
        "    def predict(self, x): return ['light'] * len(x)\n"
        "    def fit(self, x, y): return self\n"
        "three = Three()\n"
    )
    options = {"target": None, "opening": Opening(), "rows": 4, "seed": 0}
    found = read_attacked("attacked_light:three", "shades.npz", **options)
    assert found.predictor.class_names == ("grey", "light", "dark")
