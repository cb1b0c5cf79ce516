import hashlib
import io
import json
import pickle
import shutil
import sys
import warnings
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from alignlab.errors import AlignlabError, InputError, ModelError, UnsafeModelError
from alignlab.predictors import load_model

X, y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=1000).fit(X, y)


def no_warning(message):
    raise AssertionError(message)


class Bomb:
    """Unpickling it leaves a file behind."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_refused(reference, error, said, **options):
    with pytest.raises(error, match=said) as raised:
        load_model(reference, **options)
    assert "\n" not in str(raised.value)


# Python references


def test_a_function_in_the_current_directory(here):
    here.joinpath("scoring_here.py").write_text(
        "import helper_here\ndef score(rows):\n    return helper_here.half(rows)\n"
    )
    here.joinpath("helper_here.py").write_text("def half(rows):\n    return [0.5] * len(rows)\n")
    path = list(sys.path)
    predictor = load_model("scoring_here:score", classes=["no", "yes"])
    assert predictor(np.ones((2, 1))).tolist() == [[0.5, 0.5]] * 2
    assert (predictor.name, predictor.kind) == ("scoring_here:score", "function")
    assert sys.path == path


def test_a_model_in_a_module(here):
    here.joinpath("fitted_here.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "class Home:\n    model = LogisticRegression().fit([[0], [1]], ['no', 'yes'])\n"
    )
    predictor = load_model("fitted_here:Home.model")
    assert predictor.class_names == ("no", "yes")
    assert predictor.kind == "scikit-learn LogisticRegression"


@pytest.mark.parametrize(
    ("reference", "error", "said"),
    [
        ("nowhere_at_all:f", InputError, "no module 'nowhere_at_all'.*current directory"),
        ("alignlab.nowhere:f", InputError, "no module 'alignlab.nowhere'"),
        ("broken_import:f", ModelError, "'broken_import' imports 'nowhere_at_all'"),
        ("broken_code:f", ModelError, "'broken_code' raised.*ZeroDivisionError"),
        ("exits:f", ModelError, r"'exits' called sys.exit\(0\) while it was imported.*__main__"),
        ("math:sqroot", InputError, "has no 'sqroot'. Did you mean 'sqrt'"),
        ("math:pi", InputError, "^math:pi is a float, which cannot be asked"),
        ("sys:maxsize", InputError, "^sys:maxsize is an int, which cannot be asked"),
        ("math:sqrt", InputError, "The function sqrt does not say what it returns"),
        ("collections:Counter", InputError, "is a class and not a model"),
    ],
)
def test_a_reference_that_leads_nowhere(here, reference, error, said):
    here.joinpath("broken_import.py").write_text("import nowhere_at_all")
    here.joinpath("broken_code.py").write_text("1 / 0")
    here.joinpath("exits.py").write_text("import sys\nsys.exit(0)")
    assert_refused(reference, error, said)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("model.skop", "Did you mean '.skops'.*A model is one of: package.module:function"),
        ("notes.txt", "notes.txt has no ending of a model file"),
        ("absent.onnx", "no model 'absent.onnx'"),
        ("modle.skops", "no model 'modle.skops'. Did you mean 'model.skops'"),
        ("package.module", "names no model.*package.module:function"),
        ("folder", "is a directory"),
        ("", "is a directory|names no model"),
    ],
)
def test_a_reference_of_no_known_form(here, reference, said):
    here.joinpath("notes.txt").write_text("x")
    here.joinpath("model.skops").write_text("x")
    here.joinpath("folder").mkdir()
    assert_refused(reference, InputError, said)


# Pickles


@pytest.mark.parametrize("ending", [".pkl", ".pickle", ".joblib", ".PKL"])
def test_a_pickle_is_not_opened_without_the_persons_word(here, ending):
    path = here / f"model{ending}"
    path.write_bytes(pickle.dumps(Bomb(here / "ran")))
    assert_refused(path, UnsafeModelError, "is a pickle.*skops.*ONNX.*predictions.*--allow-pickle")
    assert not (here / "ran").exists()


@pytest.mark.parametrize("dump", [joblib.dump, lambda m, p: p.write_bytes(pickle.dumps(m))])
def test_a_pickle_is_opened_on_the_persons_word_with_a_warning(here, dump):
    path = here / "model.pkl"
    dump(MODEL, path)
    said = []
    predictor = load_model(path, allow_pickle=True, warn=said.append)
    np.testing.assert_array_equal(predictor(X), MODEL.predict_proba(X))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(said) == 1
    assert "runs any code that it holds" in said[0]
    assert digest in said[0]
    assert predictor.fingerprint == digest
    assert predictor.name == "model.pkl"


def test_by_default_the_warning_is_pythons(here):
    path = here / "model.pkl"
    joblib.dump(MODEL, path)
    with pytest.warns(RuntimeWarning, match="runs any code"):
        load_model(path, allow_pickle=True)


class Leave:
    def __reduce__(self):
        return sys.exit, (3,)


def test_a_pickle_that_ends_the_program_does_not_end_the_audit(here):
    path = here / "model.pkl"
    path.write_bytes(pickle.dumps(Leave()))
    with pytest.raises(ModelError, match=r"called sys\.exit\(3\) while it was unpickled"):
        load_model(path, allow_pickle=True, warn=lambda message: None)


@pytest.mark.parametrize("name", ["model.skops", "model.onnx", "model.pkl", "model.pt2"])
def test_an_empty_file_is_called_empty(here, name):
    (here / name).touch()
    assert_refused(name, ModelError, f"The model file '{name}' is empty")


def test_a_pickle_that_cannot_be_read(here):
    path = here / "model.pkl"
    path.write_bytes(b"not a pickle")
    assert_refused(
        path, ModelError, "cannot be unpickled", allow_pickle=True, warn=lambda message: None
    )


@pytest.mark.parametrize("ending", [".pt", ".pth", ".bin", ".ckpt"])
def test_torchs_own_pickles_are_refused_even_with_the_flag(here, ending):
    import torch

    path = here / f"model{ending}"
    torch.save(Bomb(here / "ran"), path)
    assert_refused(path, UnsafeModelError, "pickle of torch's.*safetensors.*ONNX")
    assert not (here / "ran").exists()


@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize(
    "name", ["model.skops", "model.onnx", "model.pt2", "w.safetensors@collections:Counter"]
)
def test_a_pickle_that_says_it_is_something_else_does_not_run(here, name, allow):
    import torch

    path = here / name.partition("@")[0]
    for content in (pickle.dumps(Bomb(here / "ran")), None):
        if content is None:
            torch.save(Bomb(here / "ran"), path)  # a zip archive with a pickle in it
        else:
            path.write_bytes(content)
        with pytest.raises(AlignlabError) as raised:
            load_model(name, allow_pickle=allow, classes=[0, 1], warn=no_warning)
        assert "\n" not in str(raised.value)
    assert not (here / "ran").exists()


# skops


class Odd(ClassifierMixin, BaseEstimator):
    """An estimator that skops does not know."""

    classes_ = np.array([0, 1])

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def test_skops(here):
    path = here / "model.skops"
    skops.io.dump(make_pipeline(StandardScaler(), MODEL), path)
    predictor = load_model("model.skops")
    assert predictor.class_names == ("0", "1", "2")
    assert predictor.kind == "scikit-learn Pipeline"
    assert predictor.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_skops_gives_the_model_that_was_saved(here):
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    skops.io.dump(model, here / "model.skops")
    trust = skops.io.get_untrusted_types(file=here / "model.skops")
    predictor = load_model(here / "model.skops", trust=trust)
    np.testing.assert_array_equal(predictor(X), model.predict_proba(X))


def test_unknown_types_are_named_with_the_words_that_allow_them(here):
    skops.io.dump(Odd(), here / "odd.skops")
    (kind,) = skops.io.get_untrusted_types(file=here / "odd.skops")
    assert_refused(here / "odd.skops", UnsafeModelError, f"allow them by name: --trust {kind}")
    with pytest.raises(UnsafeModelError):
        load_model(here / "odd.skops", trust=["sklearn.Other"])


def test_a_skops_file_cut_short(here):
    skops.io.dump(MODEL, here / "model.skops")
    content = (here / "model.skops").read_bytes()
    (here / "model.skops").write_bytes(content[: len(content) // 2])
    assert_refused(here / "model.skops", ModelError, "is not a skops file.*Nothing in it was run")


def test_a_zip_that_is_no_skops_file(here):
    with zipfile.ZipFile(here / "model.skops", "w") as archive:
        archive.writestr("hello", "world")
    assert_refused(here / "model.skops", ModelError, "is not a skops file")


# ONNX


def to_onnx(model, path, **options):
    import skl2onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(skl2onnx.to_onnx(model, **options).SerializeToString())


@pytest.mark.parametrize("zipmap", [True, False])
def test_onnx_classifier_on_a_matrix(here, zipmap):
    to_onnx(MODEL, here / "model.onnx", X=X[:1].astype(np.float32), options={"zipmap": zipmap})
    predictor = load_model("model.onnx", classes=[0, 1, 2])
    np.testing.assert_allclose(predictor(X), MODEL.predict_proba(X), atol=1e-5)
    frame = pd.DataFrame(X, columns=list("abcd"))
    np.testing.assert_array_equal(predictor(frame), predictor(X))
    assert predictor.kind == "ONNX model"
    assert len(predictor.fingerprint) == 64


def test_onnx_classes_in_another_order_are_put_right_or_refused(here):
    to_onnx(MODEL, here / "model.onnx", X=X[:1].astype(np.float32), options={"zipmap": True})
    turned = load_model("model.onnx", classes=["2", "1", "0"])
    np.testing.assert_allclose(turned(X)[:, ::-1], MODEL.predict_proba(X), atol=1e-5)
    with pytest.raises(ModelError, match=r"classes 0, 1, 2, .* a, b, c\. .*--classes"):
        load_model("model.onnx", classes=["a", "b", "c"])(X)


def test_onnx_inputs_by_column_name(here):
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 70, 80),
            "city": rng.choice(["Kiel", "Ulm"], 80),
            "income": rng.normal(size=80),
        }
    )
    label = np.where(frame["income"] + (frame["city"] == "Ulm") > 0.5, "yes", "no")
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["city"]), remainder=StandardScaler()),
        LogisticRegression(),
    ).fit(frame, label)
    kinds = [Int64TensorType, StringTensorType, FloatTensorType]
    to_onnx(
        model,
        here / "model.onnx",
        initial_types=[(c, k([None, 1])) for c, k in zip(frame, kinds, strict=True)],
    )
    predictor = load_model("model.onnx", classes=["no", "yes"])
    shuffled = frame[["income", "city", "age"]].assign(other=1)
    np.testing.assert_allclose(predictor(shuffled), model.predict_proba(frame), atol=1e-5)
    with pytest.raises(InputError, match="column 'age', which the data does not have"):
        predictor(frame[["city", "income"]])
    with pytest.raises(InputError, match="'age' is missing on row 3"):
        predictor(frame.assign(age=frame["age"].astype("Int64").where(frame.index != 3)))
    with pytest.raises(InputError, match=r"'income' holds str, and model.onnx takes numbers"):
        predictor(frame.assign(income="much"))


def test_the_columns_of_a_matrix_model_are_named_by_features(here):
    to_onnx(MODEL, here / "model.onnx", X=X[:1].astype(np.float32), options={"zipmap": False})
    joblib.dump(MODEL, here / "model.pkl")
    here.joinpath("function_here.py").write_text("def f(rows): return rows.to_numpy()[:, :1] * 0")
    frame = pd.DataFrame(X, columns=list("abcd")).assign(group="x")[["group", *"dcba"]]
    with pytest.raises(InputError, match=r"matrix of 4 columns.* has 5: .*--features COL,…"):
        load_model("model.onnx", classes=[0, 1, 2])(frame)
    chosen = load_model("model.onnx", classes=[0, 1, 2], features=list("abcd"))
    np.testing.assert_allclose(chosen(frame), MODEL.predict_proba(X), atol=1e-5)
    pickled = {"allow_pickle": True, "warn": lambda message: None}
    with pytest.raises(InputError, match=r"fitted on 4 columns .* has 5: .*--features COL,…"):
        load_model("model.pkl", **pickled)(frame)
    chosen = load_model("model.pkl", features=list("abcd"), **pickled)
    np.testing.assert_allclose(chosen(frame), MODEL.predict_proba(X))
    chosen = load_model("function_here:f", classes=[0, 1], features=list("ab"))
    assert chosen(frame).shape == (150, 2)


def test_features_do_not_overrule_a_model_that_knows_its_own(here):
    frame = pd.DataFrame(X, columns=list("abcd"))
    skops.io.dump(LogisticRegression(max_iter=1000).fit(frame, y), here / "model.skops")
    load_model("model.skops", features=list("dcba"))(frame)
    with pytest.raises(InputError, match=r"reads the columns a, b, c, d by name.*Leave it away"):
        load_model("model.skops", features=list("abc"))


def test_onnx_regression_and_its_errors(here):
    model = LinearRegression().fit(X, y)
    to_onnx(model, here / "model.onnx", X=X[:1].astype(np.float32))
    predictor = load_model("model.onnx", task="regression")
    np.testing.assert_allclose(predictor(X), model.predict(X), atol=1e-5)
    with pytest.raises(InputError, match="one matrix of 4 columns, and the data has 2: a, b"):
        predictor(pd.DataFrame(X[:, :2], columns=["a", "b"]))
    assert_refused("model.onnx", InputError, "does not say what its outputs mean")


def test_a_file_that_is_no_onnx_model(here):
    (here / "model.onnx").write_bytes(b"hello")
    assert_refused("model.onnx", ModelError, "is not an ONNX model", classes=[0, 1])


# safetensors


@pytest.fixture
def net_here(here, request):
    import safetensors.torch as safetensors
    import torch

    module = f"net_{hashlib.md5(request.node.name.encode()).hexdigest()[:8]}"
    here.joinpath(f"{module}.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Linear):\n"
        "    def __init__(self, width=4):\n        super().__init__(width, 3)\n"
        "class NeedsArguments(torch.nn.Linear):\n    pass\n"
        "def wide():\n    return Net(5)\n"
        "def two():\n    return torch.nn.Sequential(Net())\n"
    )
    weights = {"weight": torch.arange(12.0).reshape(3, 4) / 12, "bias": torch.ones(3)}
    safetensors.save_file(weights, here / "w.safetensors")
    return module, weights


def test_safetensors_with_their_class(here, net_here):
    import torch

    module, weights = net_here
    generator = torch.random.get_rng_state()
    predictor = load_model(f"w.safetensors@{module}:Net", classes=["a", "b", "c"])
    assert torch.equal(torch.random.get_rng_state(), generator)
    logits = X @ weights["weight"].numpy().T + 1
    exps = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(predictor(X), exps / exps.sum(1, keepdims=True), rtol=1e-5)
    assert predictor.module is not None
    digest = hashlib.sha256((here / "w.safetensors").read_bytes()).hexdigest()
    assert (predictor.name, predictor.fingerprint) == ("w.safetensors", digest)


@pytest.mark.parametrize(
    ("of", "error", "said"),
    [
        ("", InputError, "Name the class.*w.safetensors@package.module:Class"),
        ("@{}", InputError, "Name the class"),
        ("@{}:Nett", InputError, "has no 'Nett'. Did you mean 'Net'"),
        ("@{}:NeedsArguments", ModelError, "cannot be built without arguments"),
        ("@{}:wide", ModelError, "do not fit .*size mismatch for weight"),
        ("@{}:two", ModelError, "it lacks 0.bias, 0.weight; it has besides bias, weight"),
        ("@collections:Counter", ModelError, "built a Counter, not a torch module"),
    ],
)
def test_weights_that_do_not_fit(net_here, of, error, said):
    assert_refused(f"w.safetensors{of.format(net_here[0])}", error, said, classes=["a", "b", "c"])


def test_weights_cut_short(here, net_here):
    content = (here / "w.safetensors").read_bytes()
    (here / "w.safetensors").write_bytes(content[:-20])
    assert_refused(f"w.safetensors@{net_here[0]}:Net", ModelError, "do not fit", classes=[0, 1, 2])


# torch.export


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.BatchNorm1d(8)
            self.attend = torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
            self.first = torch.nn.Linear(4, 8)
            self.last = torch.nn.Linear(4, 3)

        def forward(self, rows):
            hidden = torch.nn.functional.gelu(self.norm(self.first(rows)))
            hidden = self.attend(hidden.reshape(rows.shape[0], 2, 4))
            top, _ = hidden.max(dim=1)
            left, right = top.split(2, dim=1)
            return self.last(torch.cat([left, right], dim=1) + torch.arange(4) / 10)

    directory = tmp_path_factory.mktemp("exported")
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        net = Net().eval()
        example = (torch.ones(5, 4),)
        free = torch.export.export(net, example, dynamic_shapes=({0: torch.export.Dim("n")},))
        torch.export.save(free, directory / "free.pt2")
        torch.export.save(torch.export.export(net, example), directory / "fixed.pt2")
        torch.export.save(free.run_decompositions(), directory / "plain.pt2")
    with torch.no_grad():
        answers = torch.softmax(net(torch.tensor(X, dtype=torch.float32)), 1).numpy()
    return directory, answers


@pytest.mark.parametrize("name", ["free.pt2", "fixed.pt2", "plain.pt2"])
@pytest.mark.parametrize("n", [150, 3])
def test_an_exported_program_answers_what_the_module_answers(exported, name, n):
    directory, answers = exported
    predictor = load_model(directory / name, classes=["a", "b", "c"])
    np.testing.assert_allclose(predictor(X[:n]), answers[:n], atol=1e-6)
    frame = pd.DataFrame(X[:n], columns=list("abcd"))
    np.testing.assert_allclose(predictor(frame), answers[:n], atol=1e-6)
    assert predictor.rows_evaluated == 2 * n
    assert predictor.kind == "torch.export program"


def test_an_exported_program_has_gradients(exported):
    import torch

    module = load_model(exported[0] / "free.pt2", classes=["a", "b", "c"]).module
    rows = torch.tensor(X[:4], dtype=torch.float32, requires_grad=True)
    module(rows)[:, 0].sum().backward()
    assert (rows.grad != 0).any()


def rewritten(source, target, change):
    """Copy an archive; `change` is given each member's name below the root and its bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            root, _, member = name.partition("/")
            new.writestr(f"{root}/{member}", change(member, old.read(name)))


def edited(member, edit):
    def change(name, content):
        if name != member:
            return content
        body = json.loads(content)
        edit(body)
        return json.dumps(body).encode()

    return change


def set_target(target):
    def edit(body):
        body["graph_module"]["graph"]["nodes"][0]["target"] = target

    return edited("models/model.json", edit)


def pickled_weight(body):
    next(iter(body["config"].values()))["use_pickle"] = True


def opaque_constant(body):
    next(iter(body["config"].values()))["path_name"] = "opaque_obj_0"


@pytest.mark.parametrize(
    "change",
    [
        set_target("torch.os.system"),
        set_target("torch.hub.load"),
        set_target("_operator.methodcaller"),
        set_target("torch.ops.aten.from_file.default"),
        set_target("torch.ops.aten._cslt_compress.default"),
        set_target("torch.ops.aten.save.default"),
        set_target("torch.ops.aten.__class__.mro"),
        set_target("torch.ops.higher_order.cond"),
        edited("data/weights/model_weights_config.json", pickled_weight),
        edited("data/weights/model_weights_config.json", opaque_constant),
    ],
)
def test_an_archive_with_more_than_tensors_and_operators_is_refused(here, exported, change):
    rewritten(exported[0] / "free.pt2", here / "evil.pt2", change)
    assert_refused("evil.pt2", UnsafeModelError, "Nothing was run", classes=[0, 1, 2])


def test_nothing_that_torch_would_unpickle_or_evaluate_is_touched(here, exported):
    def change(name, content):
        if name == "data/sample_inputs/model.pt":
            buffer = io.BytesIO()
            __import__("torch").save(Bomb(here / "ran"), buffer)
            return buffer.getvalue()
        if name == "models/model.json":
            code = f"open({str(here / 'ran')!r}, 'w')"
            return content.replace(b"Symbol(", code.encode().replace(b'"', b"'") + b" or Symbol(")
        return content

    rewritten(exported[0] / "free.pt2", here / "evil.pt2", change)
    predictor = load_model("evil.pt2", classes=["a", "b", "c"])
    np.testing.assert_allclose(predictor(X), exported[1], atol=1e-6)
    assert not (here / "ran").exists()


def test_damaged_archives(here, exported):
    def version(body):
        body["schema_version"]["major"] = 99

    cut = edited("models/model.json", lambda body: body.pop("graph_module"))
    rewritten(exported[0] / "free.pt2", here / "cut.pt2", cut)
    assert_refused("cut.pt2", ModelError, "damaged.*graph_module", classes=[0, 1, 2])
    rewritten(exported[0] / "free.pt2", here / "new.pt2", edited("models/model.json", version))
    assert_refused("new.pt2", ModelError, "version 99.*ONNX", classes=[0, 1, 2])

    def shorter(name, content):
        return content[:-4] if name == "data/weights/weight_0" else content

    rewritten(exported[0] / "free.pt2", here / "short.pt2", shorter)
    assert_refused("short.pt2", ModelError, "damaged", classes=[0, 1, 2])
    shutil.copy(exported[0] / "free.pt2", here / "half.pt2")
    (here / "half.pt2").write_bytes((here / "half.pt2").read_bytes()[:2000])
    assert_refused("half.pt2", ModelError, "is not a torch.export archive", classes=[0, 1, 2])
