import pytest

from alignlab.errors import InputError
from alignlab.robustness.stated import norm_and_radius, number_from_0, require_pixels


def test_numbers_from_0():
    assert number_from_0(" 0.25", what="--radii") == 0.25
    assert number_from_0("8/255", what="--radii") == 8 / 255
    for wrong in ("", "x", "-1", "nan", "inf", "8/", "/255", "8/0", "1/2/3", "-8/255"):
        with pytest.raises(InputError, match=r"^--radii: .* is not a number from 0, such as 0"):
            number_from_0(wrong, what="--radii")


def test_a_norm_and_a_radius_as_people_write_them():
    assert norm_and_radius("linf:8/255", what="threat") == ("linf", 8 / 255)
    assert norm_and_radius("Linf: 0.1", what="threat") == ("linf", 0.1)
    assert norm_and_radius("l2:1", what="threat") == ("l2", 1.0)
    for wrong in ("linf", "0.1", "linf=0.1"):
        with pytest.raises(InputError, match="give a norm and a radius, such as"):
            norm_and_radius(wrong, what="threat")
    with pytest.raises(InputError, match="'l3' is not one of 'linf', 'l2', 'l1'"):
        norm_and_radius("l3:1", what="threat")


def test_a_radius_of_which_only_255ths_can_be_meant():
    require_pixels("linf", 1.0, what="threat")
    require_pixels("l2", 8.0, what="threat")
    with pytest.raises(InputError, match="If 8 of 255 is meant, write linf:8/255"):
        require_pixels("linf", 8.0, what="threat")
