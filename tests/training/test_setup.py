"""Rows and network are those that were stated, and nobody learns from the rows of the audit."""

import numpy as np
import pandas as pd
import pytest
import torch

from alignlab.datasets import row_hashes, shared_rows
from alignlab.datasets.image_files import write_images
from alignlab.datasets.images import ImageData
from alignlab.errors import InputError, ModelError
from alignlab.files import write_all
from alignlab.predictors.model_folder import model_files
from alignlab.training.setup import set_up
from alignlab.training.spec import TrainSpec

N = 100


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, N).round(1),
            "job": rng.choice(["cook", "nurse"], N),
            "sex": rng.choice(["f", "m"], N),
            "paid": rng.choice(["no", "yes"], N),
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    data = ImageData(
        rng.random((60, 1, 8, 8)),
        np.arange(60) % 3,
        ("a", "b", "c"),
        pd.DataFrame({"breed": rng.choice(["x", "y"], 60)}),
    )
    write_images(tmp_path / "images.npz", data)
    return tmp_path / "images.npz"


def test_the_rows_learned_from_are_known_and_the_held_out_ones_are_not(table, images):
    setup = set_up(TrainSpec(data=str(table), target="paid", groups=["sex"]))
    assert len(setup.trained_on) == 80
    whole = row_hashes(pd.read_csv(table)[["age", "job"]])
    held = row_hashes(setup.test_rows[["age", "job"]])
    assert shared_rows(setup.trained_on, whole).all()
    people_alike = len(whole) - len(np.unique(whole))
    assert shared_rows(held, setup.trained_on).sum() <= people_alike
    pictures = set_up(TrainSpec(data=str(images), model="cnn", channels=[2], hidden=[2]))
    assert len(pictures.trained_on) == 48
    assert not shared_rows(row_hashes(pictures.test_rows.images), pictures.trained_on).any()


def test_a_table_is_split_in_three_and_groups_are_not_read(table):
    setup = set_up(TrainSpec(data=str(table), target="paid", groups=["sex"]))
    assert (len(setup.train), len(setup.validation), len(setup.test)) == (64, 16, 20)
    assert setup.inputs.names == ("age", "job")
    assert setup.train.levels == {"sex": ("f", "m")}
    whole = pd.read_csv(table)
    learned = setup.train.x[:, 0].tolist()
    assert setup.inputs.columns[0].fill == pytest.approx(np.mean(learned), abs=1e-4)
    assert setup.inputs.columns[0].fill != pytest.approx(whole["age"].mean(), abs=1e-4)
    parts = [setup.train, setup.validation, setup.test]
    together = sorted(value for part in parts for value in part.x[:, 0].tolist())
    assert np.allclose(together, sorted(whole["age"]))
    assert setup.test_rows["age"].tolist() == pytest.approx(setup.test.x[:, 0].tolist())
    named = set_up(TrainSpec(data=str(table), target="paid", groups=["sex"], features=["sex"]))
    assert named.inputs.names == ("sex",)


def test_the_network_begins_standardised_and_is_the_seeds(table):
    spec = TrainSpec(data=str(table), target="paid", model="linear", features=["age"])
    module = set_up(spec).build()
    assert float(module[0](set_up(spec).train.x).mean()) == pytest.approx(0, abs=1e-5)
    again = set_up(spec).build()
    other = set_up(spec.model_copy(update={"seed": 1})).build()
    assert torch.equal(module[1].weight, again[1].weight)
    assert not torch.equal(module[1].weight, other[1].weight)


def test_images_bring_their_shape_and_their_columns(images):
    setup = set_up(TrainSpec(data=str(images), model="cnn", channels=[2], groups=["breed"]))
    assert setup.images
    assert setup.inputs == (1, 8, 8)
    assert setup.classes == ("a", "b", "c")
    assert setup.train.levels["breed"] == ("x", "y")
    assert len(setup.test_rows) == len(setup.test) == 12
    predictor = setup.predictor(setup.build().eval())
    assert predictor(setup.test_rows.images).shape == (12, 3)


def test_it_starts_where_a_model_is(table, tmp_path):
    spec = TrainSpec(data=str(table), target="paid", model="mlp", hidden=[4])
    setup = set_up(spec)
    module = setup.build()
    files = model_files(module, setup.architecture, inputs=setup.inputs, classes=setup.classes)
    write_all(tmp_path / "model", files)
    start = TrainSpec(data=str(table), target="paid", start=str(tmp_path / "model"), seed=5)
    again = set_up(start)
    x = again.train.x
    assert torch.allclose(again.build()(x), module(x), atol=1e-5)
    assert again.inputs == setup.inputs  # and not one fitted anew, on other rows
    for change, message in [
        ({"model": "mlp"}, "leave it out beside start"),
        ({"start": str(tmp_path)}, "no model of alignlab train"),
        ({"target": "job"}, "has the classes no, yes, and the data cook, nurse"),
    ]:
        stated = {**start.model_dump(exclude_unset=True), **change}
        with pytest.raises(InputError, match=message):
            set_up(TrainSpec(**stated))


def test_a_class_of_ones_own(table, monkeypatch, tmp_path):
    (tmp_path / "own_networks.py").write_text(
        "import torch\n"
        "def small(): return torch.nn.Linear(3, 2)\n"
        "def broken(): raise KeyError('a')\n"
        "def no_module(): return 3\n"
    )
    monkeypatch.chdir(tmp_path)
    spec = TrainSpec(
        data=str(table), target="paid", features=["age", "job"], model="own_networks:small"
    )
    assert set_up(spec).build()(set_up(spec).train.x).shape == (64, 2)
    for name, message in [("broken", "cannot be built"), ("no_module", "built a int")]:
        with pytest.raises(ModelError, match=message):
            set_up(spec.model_copy(update={"model": f"own_networks:{name}"})).build()
    with pytest.raises(InputError, match="has its own"):
        set_up(spec.model_copy(update={"hidden": [3]}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": "rows.cvs"}, "There is no file"),
        ({"target": None}, "target is not stated"),
        ({"target": "payd"}, "Did you mean 'paid'"),
        ({"groups": ["sexx"]}, "Did you mean 'sex'"),
        ({"groups": ["sex*jobs"]}, "Did you mean 'job'"),
        ({"features": ["age", "paid"]}, "is among the features"),
        ({"groups": ["sex*paid"]}, "is among the groups: leave it out"),
        ({"features": ["aeg"]}, "Did you mean 'age'"),
        ({"favourable": "yess"}, "Did you mean 'yes'"),
        ({"model": "cnn"}, "is for images"),
        ({"model": "linear", "hidden": [3]}, "has no hidden"),
        ({"measure": "robust accuracy"}, "needs a threat, .* Add threat = 'linf:0.1'"),
        ({"measure": "worst gap in sexx"}, "'sexx' for measure. Did you mean 'sex'"),
        (
            {"objective": {"cross_entropy": {}, "group_parity": {"column": "sexx"}}},
            r"'sexx' for \[objective.group_parity\]. Did you mean 'sex'",
        ),
        ({"threat": {"norm": "linf", "radius": 1}}, "column 'job' holds categories"),
        ({"threat": {"norm": "linff", "radius": 1}, "features": ["age"]}, "Did you mean 'linf'"),
        (
            {"threat": {"norm": "linf", "radius": 1, "low": 0, "high": 1}, "features": ["age"]},
            "lies outside the box",
        ),
        ({"test": 0.001}, "leaves no rows"),
    ],
)
def test_what_does_not_fit_a_table_is_said(table, change, message):
    stated = {"data": str(table), "target": "paid", **change}
    with pytest.raises(InputError, match=message) as told:
        set_up(TrainSpec(**stated)).build()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "y"}, "target is for tables"),
        ({"groups": ["bred"]}, "Did you mean 'breed'"),
        ({"data": "digit"}, "There is no file 'digit'. Did you mean 'digits'"),
    ],
)
def test_what_does_not_fit_images_is_said(images, change, message):
    with pytest.raises(InputError, match=message):
        set_up(TrainSpec(**{"data": str(images), **change}))


def test_a_quantity_is_no_target(table):
    frame = pd.read_csv(table)
    frame["ratio"] = [each / 7 for each in range(len(frame))]
    frame.to_csv(table, index=False)
    with pytest.raises(
        InputError, match=r"The target 'ratio' has \d+ different values \(0.0, 0.14"
    ):
        set_up(TrainSpec(data=str(table), target="ratio"))


def test_rows_without_a_target_are_named(table):
    frame = pd.read_csv(table)
    frame.loc[3, "paid"] = None
    frame.to_csv(table, index=False)
    with pytest.raises(InputError, match="Row 3 has no 'paid'"):
        set_up(TrainSpec(data=str(table), target="paid"))
