import pytest

from alignlab.audit.spec import AuditSpec, parse_limits, parse_probability, read_spec
from alignlab.errors import InputError

FULL = """
predictions = "p.csv"
target = "deny"
probability = { no = "p_no", yes = "p_yes" }
groups = "race, sex,race * sex"
favourable = "no"
fail-on = "fairness"
level = 0.9
seed = 3

[limits]
fairness.selection_rate = 0.1
"performance.auc" = 0.7

[utilities]
ask = 0.1
yes = { yes = 1, no = -1 }
no = { yes = 0, no = 1 }

[endpoint]
timeout = 5
"""


@pytest.fixture
def toml(tmp_path):
    def write(text: str):
        path = tmp_path / "audit.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_is_read_with_the_names_of_the_flags(toml):
    spec = read_spec(toml(FULL))
    assert spec.groups == ["race", "sex", "race*sex"]
    assert spec.probability == {"no": "p_no", "yes": "p_yes"}
    assert spec.limits == {"fairness.selection_rate": 0.1, "performance.auc": 0.7}
    assert spec.utilities == {"ask": 0.1, "yes": {"yes": 1, "no": -1}, "no": {"yes": 0, "no": 1}}
    assert (spec.fail_on, spec.seed, spec.level, spec.endpoint) == (
        ["fairness"], 3, 0.9, {"timeout": 5},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gropus = []", "audit.toml: there is no key 'gropus'. Did you mean 'groups'?"),
        ("failon = 'x'", "Did you mean 'fail-on'?"),
        ("seed = 'many'", "audit.toml: seed = 'many': "),
        ("task = 'guess'", "audit.toml: task = 'guess': "),
        ("[limits]\nfairness.selection_rate = 'low'", "limits.fairness.selection_rate = 'low': "),
        ("[utilities]\nyes = { no = 'bad' }", "utilities.yes"),
        ("target = ", "is not valid TOML"),
        ("allow-pickle = true", "--allow-pickle on the command line"),
        ("trust = ['x']", "--trust on the command line"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_file_and_key(toml, text, message):
    with pytest.raises(InputError) as caught:
        read_spec(toml(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*absent\.toml: No such file"):
        read_spec(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_spec(tmp_path / "binary.toml")


def test_paths_are_relative_to_the_file(toml, tmp_path):
    spec = read_spec(
        toml('model = "m.skops"\ndata = "sub/d.csv"\nreference = "old.csv"\nout = "here"')
    )
    assert spec.model == str(tmp_path / "m.skops")
    assert spec.data == str(tmp_path / "sub" / "d.csv")
    assert spec.reference == str(tmp_path / "old.csv")
    assert spec.out == str(tmp_path / "here")


@pytest.mark.parametrize("model", ["package.module:function", "https://host/predict"])
def test_modules_and_addresses_are_not_paths(toml, model):
    assert read_spec(toml(f'model = "{model}"')).model == model


def test_weights_beside_the_file_keep_their_class(toml, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"")
    spec = read_spec(toml('model = "w.safetensors@package.module:Class"'))
    assert spec.model == f"{tmp_path}/w.safetensors@package.module:Class"


def test_the_default_directory_is_where_the_command_runs(toml):
    assert read_spec(toml('target = "deny"')).out == "alignlab-report"


def test_flags_win_over_the_file(toml):
    spec = read_spec(toml(FULL)).overridden({"seed": 9, "groups": "sex"}, limits={"a.b": 1.0})
    assert (spec.seed, spec.groups, spec.level) == (9, ["sex"], 0.9)
    assert spec.limits == {"fairness.selection_rate": 0.1, "performance.auc": 0.7, "a.b": 1.0}


def test_a_model_takes_the_place_of_predictions(toml):
    spec = read_spec(toml(FULL)).overridden({"model": "m:f", "data": "d.csv"}, limits={})
    assert (spec.model, spec.predictions, spec.probability) == ("m:f", None, None)
    back = spec.overridden({"predictions": "p.csv"}, limits={})
    assert (back.model, back.predictions) == (None, "p.csv")


def test_a_wrong_flag_is_named():
    with pytest.raises(InputError, match=r"^--task = 'x'"):
        AuditSpec().overridden({"task": "x"}, limits={})


def test_options_are_those_of_the_audit():
    import inspect

    from alignlab.audit.run import audit

    assert set(AuditSpec().options()) <= set(inspect.signature(audit).parameters)


@pytest.mark.parametrize("text", ["x", "x=", "x=high", "=0.1x"])
def test_a_limit_is_a_check_and_a_number(text):
    with pytest.raises(InputError, match="is not CHECK=VALUE"):
        parse_limits([text])


def test_probabilities_are_all_named_or_none():
    assert parse_probability(None) is None
    assert parse_probability(" p ") == "p"
    with pytest.raises(InputError, match="either every part is CLASS=COL"):
        parse_probability("yes=p,q")
