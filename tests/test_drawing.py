from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from alignlab.drawing import enlarged, png, vegalite_svg

SVG = "{http://www.w3.org/2000/svg}"


def bars(names, **more):
    rows = [{"name": name, "v": position + 1} for position, name in enumerate(names)]
    return {
        "data": {"values": rows},
        "mark": "bar",
        "encoding": {
            "y": {"field": "name", "type": "nominal"},
            "x": {"field": "v", "type": "quantitative"},
        },
        "config": {"aria": False},
        **more,
    }


def texts(drawing):
    return [element.text for element in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def test_the_length_of_a_bar_is_its_number():
    root = ElementTree.fromstring(vegalite_svg(bars(["a", "b"], width=200)))
    drawn = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill")]
    assert [d.split("h")[1].split("v")[0] for d in drawn] == ["100", "200"]


def test_clip_paths_are_numbered_from_nought_in_every_drawing():
    clipped = bars(["a"], mark={"type": "bar", "clip": True})
    first, second = vegalite_svg(clipped), vegalite_svg(clipped)
    assert first == second
    assert 'id="part0"' in first
    assert 'clip-path="url(#part0)"' in first


def test_a_gradient_is_found_by_what_it_fills():
    stops = [{"offset": 0, "color": "white"}, {"offset": 1, "color": "black"}]
    shaded = bars(["a"], mark={"type": "bar", "color": {"gradient": "linear", "stops": stops}})
    drawing = vegalite_svg(shaded)
    assert drawing == vegalite_svg(shaded)
    root = ElementTree.fromstring(drawing)
    (gradient,) = root.iter(f"{SVG}linearGradient")
    fills = {element.get("fill") for element in root.iter()}
    assert f"url(#{gradient.get('id')})" in fills
    named = {element.get("id") for element in root.iter()}
    asked = [v for e in root.iter() for v in e.attrib.values() if v.startswith("url(")]
    assert {each[5:-1] for each in asked} <= named


def test_it_is_smaller_than_what_vega_writes_and_shows_the_same_texts():
    import json

    import vl_convert

    spec = bars([f"name {i}" for i in range(30)])
    raw = vl_convert.vegalite_to_svg(json.dumps(spec))
    drawing = vegalite_svg(spec)
    assert len(drawing) < 0.75 * len(raw)
    assert texts(drawing) == texts(raw)


def test_what_no_svg_can_hold_is_replaced():
    drawing = vegalite_svg(bars(["a\x00b", "half \ud83d", '" opacity="1" <b>&']))
    assert {"a�b", "half �", '" opacity="1" <b>&'} <= set(texts(drawing))


def test_a_png_holds_the_pixels():
    picture = np.random.default_rng(0).random((5, 7, 3))
    read = np.asarray(Image.open(io.BytesIO(png(picture))))
    assert (read == np.round(255 * picture)).all()


def test_a_picture_grows_by_whole_pixels_alone():
    picture = np.arange(12.0).reshape(2, 2, 3)
    large = enlarged(picture, 7)
    assert large.shape == (6, 6, 3)
    assert (large[::3, ::3] == picture).all()
    assert enlarged(np.zeros((50, 80, 3)), 20).shape == (50, 80, 3)
