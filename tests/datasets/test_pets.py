"""Drawn pets are what they are said to be, and a local Oxford-IIIT Pet folder is read as it is."""

import sys

import numpy as np
import pytest
from PIL import Image

from alignlab.datasets.pets import BREEDS, drawn_pets, read_pets
from alignlab.errors import InputError, MissingExtraError


def test_a_pet_is_the_same_however_many_are_drawn_after_it():
    few, many = drawn_pets(20, size=8, seed=3), drawn_pets(150, size=8, seed=3)
    assert few.images.tobytes() == many.images[:20].tobytes()
    assert list(few.columns["breed"]) == list(many.columns["breed"][:20])
    other = drawn_pets(20, size=8, seed=4)
    assert not np.array_equal(few.images, other.images)


def test_labels_are_species_and_the_column_holds_breeds():
    pets = drawn_pets(300, size=8)
    assert pets.classes == ("cat", "dog")
    assert pets.images.shape == (300, 3, 8, 8)
    assert [BREEDS[breed].species for breed in pets.columns["breed"]] == list(pets.label_names)
    assert list(pets.columns["species"]) == list(pets.label_names)
    assert 0 <= pets.images.min() < 0.1
    assert 0.9 < pets.images.max() <= 1


def test_breeds_are_as_frequent_as_stated():
    assert sum(breed.share for breed in BREEDS.values()) == pytest.approx(1)
    for species in ("cat", "dog"):
        shares = [breed.share for breed in BREEDS.values() if breed.species == species]
        assert sum(shares) == pytest.approx(0.5)
    counted = drawn_pets(4000, size=8).columns["breed"].value_counts()
    for name, breed in BREEDS.items():
        assert abs(counted[name] / 4000 - breed.share) < 4 * (breed.share / 4000) ** 0.5
    only = drawn_pets(50, size=8, shares={"beagle": 3, "siamese": 1, "tabby": 0})
    assert set(only.columns["breed"]) == {"beagle", "siamese"}


def test_a_rare_coat_is_a_common_one_of_the_other_species():
    """That is what makes an ordinary classifier wrong about rare breeds."""
    by_coat = {}
    for breed in BREEDS.values():
        by_coat.setdefault(breed.coat, []).append(breed)
    shared = [pair for pair in by_coat.values() if len(pair) == 2]
    assert len(shared) == 4
    for one, other in shared:
        assert {one.species, other.species} == {"cat", "dog"}
        assert max(one.share, other.share) > 5 * min(one.share, other.share)


def test_species_differ_in_shape_and_breeds_in_coat():
    """The same pet, drawn as another breed: places and light stay, coats and ears do not."""
    drawn = {name: drawn_pets(40, shares={name: 1}).images for name in BREEDS}

    def apart(one, other):
        return float(np.abs(drawn[one] - drawn[other]).mean())

    same_coat = apart("russian blue", "weimaraner")
    same_species = apart("russian blue", "golden persian")
    assert same_coat > 0.02
    assert same_species > 0.02
    corners = [images[:, :, :2, :2] for images in drawn.values()]  # there is no pet there
    assert all(np.array_equal(corners[0], corner) for corner in corners)
    # A cat's ears stand above its head, where a dog has none.
    cat, dog = (drawn[name].mean(0) for name in ("russian blue", "weimaraner"))
    darker = (dog - cat).mean(0)
    assert darker[4:12].max() > 0.06
    assert np.unravel_index(darker.argmax(), darker.shape)[0] < 14


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "n=0 is not a whole number from 1"),
        ({"n": 2.5}, "n=2.5"),
        ({"size": 4}, "size=4 is not a whole number from 8"),
        ({"seed": -1}, "seed=-1"),
        ({"shares": {"beagel": 1}}, r"no drawn breed 'beagel'.*Did you mean 'beagle'"),
        ({"shares": {"beagle": -1}}, "share of 'beagle' is -1"),
        ({"shares": {"beagle": float("nan")}}, "share of 'beagle' is nan"),
        ({"shares": {"beagle": 0}}, "No breed has a share above 0"),
        ({"shares": {}}, "No breed has a share above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        drawn_pets(**{"n": 2, **wrong})


@pytest.fixture
def folder(tmp_path):
    """Return a folder like the real one, with five pictures of which the list names four."""
    images, annotations = tmp_path / "images", tmp_path / "annotations"
    images.mkdir()
    annotations.mkdir()
    colours = {
        "Abyssinian_1": (255, 0, 0), "Egyptian_Mau_12": (0, 255, 0),
        "great_pyrenees_3": (0, 0, 255), "pug_7": (255, 255, 255), "pug_8": (0, 0, 0),
    }  # fmt: skip
    for width, (name, colour) in enumerate(colours.items(), start=40):
        Image.new("RGB", (width, 30), colour).save(images / f"{name}.jpg", quality=95)
    lines = ["#Image CLASS-ID SPECIES BREED ID", *(f"{name} 1 1 1" for name in list(colours)[:4])]
    (annotations / "list.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_list_says_which_pictures_and_names_say_what_they_are(folder):
    pets = read_pets(folder, size=16)
    assert pets.images.shape == (4, 3, 16, 16)
    assert list(pets.label_names) == ["cat", "cat", "dog", "dog"]
    assert list(pets.columns["species"]) == ["cat", "cat", "dog", "dog"]
    assert list(pets.columns["breed"]) == ["abyssinian", "egyptian mau", "great pyrenees", "pug"]
    assert list(pets.columns["file"])[2] == "great_pyrenees_3.jpg"
    centre = pets.images[:, :, 8, 8]
    assert np.allclose(centre, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], atol=0.02)


def test_without_a_list_all_pictures_are_read(folder):
    (folder / "annotations" / "list.txt").unlink()
    assert len(read_pets(folder)) == 5
    assert len(read_pets(folder / "images", size=8)) == 5


def test_the_middle_square_is_kept_in_its_proportions(folder):
    from PIL import Image

    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    Image.fromarray(wide).save(folder / "images" / "pug_9.png")
    (folder / "annotations" / "list.txt").unlink()
    pets = read_pets(folder, size=20)
    at = list(pets.columns["file"]).index("pug_9.png")
    assert pets.images[at].min() > 0.9


def test_a_folder_that_is_not_one_is_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"There is no folder .*nowhere"):
        read_pets(tmp_path / "nowhere")
    with pytest.raises(InputError, match="size=4"):
        read_pets(folder, size=4)
    with pytest.raises(InputError, match="holds no pictures"):
        read_pets(folder / "annotations")
    (folder / "images" / "pug_7.jpg").unlink()
    with pytest.raises(InputError, match=r"lacks 1 of the 4 pictures .* such as pug_7.jpg"):
        read_pets(folder)
    (folder / "annotations" / "list.txt").unlink()
    (folder / "images" / "pug_7.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"pug_7.jpg cannot be read as a picture"):
        read_pets(folder)
    (folder / "images" / "pug_7.jpg").rename(folder / "images" / "holiday.jpg")
    with pytest.raises(InputError, match=r"holiday.jpg is not named by its breed"):
        read_pets(folder)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"alignlab\[images\]"):
        read_pets(folder)
