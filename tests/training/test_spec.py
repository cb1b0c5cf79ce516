"""What a file says is what is asked for, and what it cannot say is named with its key."""

import pytest

from alignlab.errors import InputError
from alignlab.robustness.threats import Linf
from alignlab.training.spec import TrainSpec, read_train_spec


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "train.toml"
        path.write_text(text, encoding="utf-8")
        return read_train_spec(path)

    return read


def test_keys_are_read_and_paths_are_beside_the_file(read, tmp_path):
    spec = read(
        'data = "rows.csv"\ntarget = "y"\ngroups = "sex"\nbatch-rows = 7\nlearning_rate = 0.5\n'
        'out = "there"\n[objective.cross_entropy]\nweight = 2\n'
    )
    assert spec.data == str(tmp_path / "rows.csv")
    assert spec.out == str(tmp_path / "there")
    assert (spec.groups, spec.batch_rows, spec.learning_rate) == (["sex"], 7, 0.5)
    assert [(term.name, term.weight) for term in spec.terms(images=False).terms] == [
        ("cross_entropy", 2)
    ]


def test_one_width_may_stand_alone(read):
    assert read('data = "digits"\nhidden = 64').hidden == [64]


def test_without_an_objective_the_task_alone_is_trained(read):
    assert [term.name for term in read('data = "digits"').terms(images=True).terms] == [
        "cross_entropy"
    ]
    assert read('data = "digits"').data == "digits"


def test_a_threat_is_a_ball_in_the_rows_own_box(read):
    spec = read('data = "digits"\nthreat = { norm = "linf", radius = 0.1 }')
    image, table = spec.threat.threat(images=True), spec.threat.threat(images=False)
    assert isinstance(image, Linf)
    assert (image.radius, image.low, image.high) == (0.1, 0, 1)
    assert (table.low, table.high) == (float("-inf"), float("inf"))


def test_a_threat_may_stand_in_a_word(read):
    stated = [
        'threat = "linf:8/255"',
        'threat = { norm = "linf", radius = "8/255" }',
        '[objective.adversarial]\nthreat = "linf:8/255"',
    ]
    for text in stated:
        spec = read(f'data = "digits"\n{text}')
        threats = [spec.threat.threat(images=True)] if spec.threat else []
        threats += [
            term.threat for term in spec.terms(images=True).terms if hasattr(term, "threat")
        ]
        assert [(each.radius, each.high) for each in threats] == [(8 / 255, 1.0)]


def test_a_radius_of_which_only_255ths_can_be_meant(read):
    spec = read('data = "digits"\nthreat = "linf:8"')
    with pytest.raises(InputError, match="write linf:8/255"):
        spec.threat.threat(images=True)
    assert spec.threat.threat(images=False).radius == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data = ", "is not valid TOML"),
        ('dat = "digits"', "there is no key 'dat'. Did you mean 'data'"),
        ("epochs = 3", "the key 'data' is missing"),
        ('data = "digits"\nepochs = 0', "epochs = 0: input should be greater than"),
        ('data = "digits"\nepochs = "many"', "epochs = 'many'"),
        ('data = "digits"\nmodel = "mpl"', "model='mpl' is not one of .* Did you mean 'mlp'"),
        ('data = "digits"\nvalidation = 1.0', "validation = 1.0"),
        ('data = "digits"\nthreat = "linf"', "threat linf: give a norm and a radius, such as"),
        ('data = "digits"\nepochs = "many"', "input should be a valid integer\\.$"),
        ('data = "digits"\nthreat = 0.1', "threat = 0.1: give a norm and a radius, such as"),
        ('data = "digits"\nmodel = "mpl"', "toml: model='mpl' is not one of"),
        ('data = "digits"\nobjective = "adversarial"', "state each term as a table, such as"),
        ('data = "digits"\nthreat = { norm = "linf" }', "the key 'threat.radius' is missing"),
        (
            'data = "digits"\nthreat = { norm = "linf", radius = 0.1, eps = 1 }',
            "there is no key 'threat.eps'",
        ),
        ('data = "digits"\n[objective.cros_entropy]', "Did you mean 'cross_entropy'"),
        ('data = "digits"\n[objective]\ncross_entropy = 1', "objective.cross_entropy = 1"),
    ],
)
def test_what_a_file_cannot_say_is_named(read, text, message):
    with pytest.raises(InputError, match=message) as told:
        read(text)
    assert "\n" not in str(told.value)
    assert "train.toml" in str(told.value)


def test_files_that_are_none(tmp_path):
    (tmp_path / "train.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_train_spec(tmp_path / "train.toml")
    with pytest.raises(InputError, match=r"Cannot read .*Did you mean 'train\.toml'"):
        read_train_spec(tmp_path / "trian.toml")


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"cross_entropy": {"wieght": 2}}, r"\[objective.cross_entropy\] has no key 'wieght'. Did"),
        ({"cross_entropy": {"weight": -1}}, "weight of the term 'cross_entropy' is -1"),
        ({"cross_entropy": {"weight": "a lot"}}, "weight = 'a lot' is not a number"),
        ({"group_parity": {"column": "g", "memory": "long"}}, "memory = 'long' is not a number"),
        ({"group_parity": {}}, r"\[objective.group_parity\] needs the key 'column'"),
        ({"group_parity": {"column": "g", "notion": "parity"}}, "notion='parity' is not one of"),
        ({"adversarial": {"threat": 0.1}}, "threat = 0.1: give a norm and a radius, such as"),
        ({}, "at least one term"),
    ],
)
def test_settings_of_terms_are_checked(stated, message):
    with pytest.raises(InputError, match=message) as told:
        TrainSpec(data="digits", objective=stated).terms(images=True)
    assert "\n" not in str(told.value)
