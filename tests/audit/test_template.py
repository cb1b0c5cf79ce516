import tomllib

import pytest

from alignlab.audit import all_checks
from alignlab.audit.spec import AuditSpec, read_spec
from alignlab.audit.template import template

PREDICTIONS = {"predictions": "p.csv", "target": "deny", "prediction": "said"}


@pytest.mark.parametrize(
    "stated",
    [
        PREDICTIONS,
        {"model": "m:f", "data": "d.csv", "target": "y", "task": "regression", "seed": 3},
        {**PREDICTIONS, "probability": ["a", "b"], "groups": ["race", "race*sex"]},
        {**PREDICTIONS, "probability": {"it's": 'p "q" \\'}, "favourable": "schön\x7f"},
        {**PREDICTIONS, "limits": {"performance.auc": 0.7}, "favourable": 1},
    ],
)
def test_what_is_written_is_read_again(stated, tmp_path):
    spec = AuditSpec(**stated)
    path = tmp_path / "audit.toml"
    path.write_text(template(spec, classes=["no", "yes"], candidates=["sex"]), encoding="utf-8")
    read = read_spec(path)
    for name in stated:
        value = getattr(read, name)
        if name in ("predictions", "data"):
            value = value.removeprefix(f"{tmp_path}/")
        assert value == stated[name], name


def test_what_nobody_stated_is_a_gap():
    text = template(AuditSpec(**PREDICTIONS), classes=["no", "yes"], candidates=["sex"])
    assert '# favourable = ...   # one of "no", "yes"' in text
    assert '# groups = [...]   # perhaps of ["sex"]' in text
    assert tomllib.loads(text) == {**PREDICTIONS, "seed": 0, "limits": {}}


def test_every_limit_that_applies_is_offered():
    text = template(AuditSpec(task="regression"), classes=[], candidates=[])
    for name, check in all_checks().items():
        offered = check.limit is not None and "classification" not in check.needs
        assert (f'# "{name}" =' in text) == offered, name
