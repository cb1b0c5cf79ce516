import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

import alignlab
from alignlab.audit.inputs import Request, read_study
from alignlab.datasets import ImageData, load_images, write_images
from alignlab.errors import InputError


@pytest.fixture(scope="module")
def digits():
    data = load_images("digits").take(range(400))
    pens = np.where(np.arange(400) % 3 == 0, "fine", "broad")
    pens = pd.DataFrame({"pen": pens, "file": [f"{at}.png" for at in range(400)]})
    return ImageData(data.images, data.labels, data.classes, pens, "digits")


def ink(images):
    """Hold a digit for a 1 where there is little ink, for nothing much else."""
    light = images.mean((1, 2, 3)) < 0.28
    certain = np.full((len(images), 10), 0.05)
    certain[np.arange(len(images)), np.where(light, 1, 8)] = 0.55
    return certain


def test_the_context_has_the_images_and_what_is_known_of_them(digits):
    study = read_study(Request(model=ink, data=digits, groups="pen"))
    context = study.context
    assert context.images is digits
    assert context.classes == digits.classes
    assert context.features.columns.tolist() == ["pen"]
    assert context.groupings[0].sizes.tolist() == [266, 134]
    np.testing.assert_array_equal(context.outcomes, digits.labels)
    np.testing.assert_array_equal(context.probabilities, ink(digits.images))
    assert (study.data["rows"], study.data["target"]) == (400, "label")
    assert study.data["images"] == "8×8 pixels, grey"
    assert "read as label = '0', '1'" in study.model["reading"]


def test_an_audit_of_images_runs_what_applies_and_says_what_does_not(digits):
    chosen = ["performance", "transparency", "fairness"]
    result = alignlab.audit(ink, digits, groups="pen", checks=chosen)
    right = (ink(digits.images).argmax(1) == digits.labels).mean()
    assert result.finding("performance.accuracy").headline.value == pytest.approx(right)
    importance = result.finding("transparency.importance")
    assert importance.summary == "Not applicable: the rows are images."
    assert result.finding("fairness.accuracy").status == "measured"
    assert result.subject["model"]["rows_evaluated"] == 400
    assert "400 rows" in repr(result)


def test_groups_are_compared_though_nobody_says_which_class_is_favourable(digits):
    result = alignlab.audit(ink, digits, groups="pen", checks=["performance.groups", "fairness"])
    assert result.finding("performance.groups").status == "measured"
    assert result.finding("fairness.accuracy").status == "measured"
    assert "favourable" in result.finding("fairness.selection_rate").summary


def test_a_file_and_what_it_holds_are_the_same_audit(digits, tmp_path):
    write_images(tmp_path / "digits.npz", digits)
    checks = ["performance.accuracy", "performance.groups"]
    of_file = alignlab.audit(ink, tmp_path / "digits.npz", groups="pen", checks=checks)
    of_data = alignlab.audit(ink, digits, groups="pen", checks=checks)
    assert [each.to_dict() for each in of_file.findings] == [
        each.to_dict() for each in of_data.findings
    ]
    assert of_file.subject["data"]["name"] == "digits.npz"
    assert of_file.rows["fingerprint"] == of_data.rows["fingerprint"]


def test_an_estimator_of_pixels_is_asked_for_them_as_a_row(digits):
    fitted = LogisticRegression(max_iter=300)
    fitted.fit(digits.images.reshape(400, -1), digits.label_names)
    result = alignlab.audit(fitted, digits, checks=["performance.accuracy"])
    assert result.finding("performance.accuracy").headline.value > 0.99


def test_predictions_beside_images(digits):
    said = pd.DataFrame({"said": digits.label_names})
    result = alignlab.audit(
        predictions=said, data=digits, prediction="said", groups="pen",
        checks=["performance.accuracy", "robustness"],
    )  # fmt: skip
    assert result.finding("performance.accuracy").headline.value == pytest.approx(1)
    assert all(each.status == "not applicable" for each in result.findings[1:])


def test_the_fingerprint_is_of_the_pixels(digits):
    def fingerprint(data):
        return read_study(Request(model=ink, data=data)).data["sha256"]

    other = ImageData(np.flip(digits.images, 3), digits.labels, digits.classes, digits.columns)
    assert fingerprint(digits) == fingerprint(digits.take(range(400)))
    assert fingerprint(digits) != fingerprint(other)


def test_the_report_speaks_of_images(digits, tmp_path):
    result = alignlab.audit(ink, digits, groups="pen", checks=["performance.accuracy"])
    result.save(tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "400 images" in page
    assert "8×8 pixels, grey" in page


def test_a_folder_of_pictures(digits, tmp_path):
    for row in range(12):
        folder = tmp_path / "pictures" / str(digits.labels[row])
        folder.mkdir(parents=True, exist_ok=True)
        levels = np.rint(digits.images[row, 0] * 255).astype(np.uint8)
        Image.fromarray(levels).save(folder / f"{row}.png")
    study = read_study(Request(model=ink, data=tmp_path / "pictures"))
    assert study.context.images is not None
    assert study.data["name"] == "pictures"
    assert study.context.features.shape == (12, 0)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"groups": "pne"}, "Did you mean 'pen'?"),
        ({"groups": "label"}, "which is the target"),
        ({"features": "pen"}, "these rows are images. Leave it out"),
        ({"target": "ink"}, "There is no column 'ink' for --target"),
        ({"favourable": "ten"}, "favourable='ten' is not an outcome of 'label'"),
    ],
)
def test_what_cannot_be_audited(digits, stated, said):
    with pytest.raises(InputError) as error:
        read_study(Request(model=ink, data=digits, **stated))
    assert said in str(error.value)


def test_a_column_called_as_the_target(digits):
    columns = pd.DataFrame({"label": digits.label_names})
    data = ImageData(digits.images, digits.labels, digits.classes, columns)
    with pytest.raises(InputError, match="has a column 'label'"):
        read_study(Request(model=ink, data=data))
    one = digits.take(digits.labels == 3)
    with pytest.raises(InputError, match="label = '3': nothing can be measured"):
        read_study(Request(model=ink, data=one))


def test_images_that_come_by_name_are_audited(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert read_study(Request(model=ink, data="digits")).data["rows"] == 1797
