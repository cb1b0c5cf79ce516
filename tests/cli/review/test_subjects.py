from pathlib import Path

import numpy as np
import pytest

from alignlab.audit.spec import AuditSpec
from alignlab.cli.review.subjects import read_subject
from alignlab.errors import InputError


def read(**said):
    return read_subject(AuditSpec(**said), asking_cost=None, allow_pickle=False, trust=())


def test_three_ways_to_the_same_answers(loans):
    asked = read(model="repaid.skops", data="loans.csv", target="repaid")
    without = read(model="repaid.skops", data="loans.csv")
    stored = read(predictions="said.csv", probability={"yes": "p"}, classes=["no", "yes"])
    for each in (without, stored):
        assert each.classes == asked.classes
        assert np.allclose(each.probabilities, asked.probabilities, atol=1e-6)
        assert (each.decisions == asked.decisions).all()
        assert each.truth is None
    assert asked.truth.tolist()[:3] == asked.frame["repaid"].tolist()[:3]
    assert list(asked.features) == ["income", "debt_share"]


def test_slices_are_named_by_their_columns(loans):
    found = read(
        model="repaid.skops",
        data="loans.csv",
        target="repaid",
        groups=["sex"],
    )
    assert set(found.groups) == {"sex f", "sex m"}
    assert found.guarded == ("sex",)


def test_predictions_beside_their_rows(loans):
    import pandas as pd

    pd.read_csv("said.csv")[["p"]].to_csv("only.csv", index=False)
    found = read(data="loans.csv", predictions="only.csv", probability="p", classes=["no", "yes"])
    assert "income" in found.features
    assert "p" not in found.features
    Path("short.csv").write_text("p\n0.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"loans\.csv has 120 rows and short\.csv 1"):
        read(data="loans.csv", predictions="short.csv", probability="p", classes=["no", "yes"])


def test_numbers_are_not_decided_between(loans):
    Path("m.py").write_text("import numpy as np\ndef f(x):\n    return np.zeros(len(x))\n")
    with pytest.raises(InputError, match="people decide between classes"):
        read(model="m:f", data="loans.csv", task="regression")
    with pytest.raises(InputError, match="is a number, and people decide between classes"):
        read(predictions="said.csv", target="income", prediction="debt_share", task="regression")


def test_an_image_needs_no_target(here):
    from alignlab.datasets import ImageData, write_images

    write_images("few.npz", ImageData(np.zeros((4, 8, 8), np.uint8), ["cat", "dog"] * 2))
    Path("eye.py").write_text(
        "import numpy as np\ndef look(x):\n    return np.full((len(x), 2), 0.5)\n"
    )
    found = read(model="eye:look", data="few.npz")
    assert found.images is not None
    assert found.classes == ("cat", "dog")
