import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor

CLASSES = ["a", "b", "c"]


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Linear(4, 8),
            torch.nn.BatchNorm1d(8),
            torch.nn.Dropout(),
            torch.nn.Linear(8, 3),
        )


def test_logits_become_a_softmax(net):
    rows = np.random.default_rng(0).normal(size=(20, 4))
    answers = as_predictor(net, classes=CLASSES)(rows)
    net.eval()
    logits = net(torch.tensor(rows, dtype=torch.float32)).detach().numpy().astype(float)
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(answers, exps / exps.sum(1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_a_single_logit_becomes_a_sigmoid(shape):
    class One(torch.nn.Module):
        def forward(self, rows):
            return rows[:, 0].reshape(shape)

    answers = as_predictor(One(), classes=["no", "yes"])(np.array([[0.0], [np.log(3)]]))
    np.testing.assert_allclose(answers, [[0.5, 0.5], [0.25, 0.75]], atol=1e-7)


@pytest.mark.parametrize("out", [(), (1,)])
def test_regression_values_pass_as_they_are(out):
    class Double(torch.nn.Module):
        def forward(self, rows):
            return (rows[:, 0] * 2).reshape(-1, *out)

    predictor = as_predictor(Double(), task="regression")
    assert predictor(np.array([[1.5], [-2.0]])).tolist() == [3.0, -4.0]


@pytest.mark.parametrize("raises", [False, True])
def test_everything_is_as_it_was_even_after_an_exception(net, raises):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = net
            self.register_buffer("asked", torch.zeros(1))

        def forward(self, rows):
            self.asked += 1
            torch.rand(3)
            if raises:
                raise ValueError("no")
            return self.inner(rows)

    model = Counting()
    model.inner[1].eval()  # a part that was frozen stays frozen
    flags = [part.training for part in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    generator = torch.random.get_rng_state()
    predictor = as_predictor(model, classes=CLASSES)
    if raises:
        with pytest.raises(ModelError, match="row 0: ValueError: no"):
            predictor(np.ones((3, 4)))
    else:
        predictor(np.ones((3, 4)))
    assert [part.training for part in model.modules()] == flags
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_a_module_keeps_can_still_be_used_for_gradients():
    class Caching(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(2, 2))
            self.kept = None

        def forward(self, rows):
            if self.kept is None:
                self.kept = torch.arange(2.0)
            return (rows @ self.weight) * self.kept

    model = Caching()
    as_predictor(model, classes=["no", "yes"])(np.ones((3, 2)))
    model(torch.ones(3, 2)).sum().backward()
    assert model.weight.grad is not None


def test_rows_of_a_frame_become_floats_in_column_order(net):
    seen = []

    class Looking(torch.nn.Module):
        def forward(self, rows):
            seen.append(rows)
            return rows

    frame = pd.DataFrame({"z": [1, 2], "text": ["u", "v"], "a": [True, False], "y": [0.5, np.nan]})
    predictor = as_predictor(Looking(), classes=["no", "yes"], features=["z", "a"])
    predictor(frame)
    assert seen[0].dtype == torch.float32
    assert seen[0].tolist() == [[1, 1], [2, 0]]
    with pytest.raises(InputError, match="Column 'text' holds str and a torch module"):
        as_predictor(Looking(), classes=["no", "yes"])(frame)


def test_the_modules_own_precision_is_used(net):
    assert as_predictor(net.double(), classes=CLASSES)(np.ones((2, 4))).shape == (2, 3)


def test_tensors_are_not_changed_by_a_module_that_works_in_place():
    model = torch.nn.Sequential(torch.nn.ReLU(inplace=True))
    rows = torch.tensor([[-1.0, 1.0]])
    as_predictor(model, classes=["no", "yes"])(rows)
    assert rows.tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("last", [torch.nn.Softmax(dim=1), torch.nn.Sigmoid()])
def test_a_last_layer_that_makes_probabilities_is_refused(net, last):
    with pytest.raises(InputError, match=f"ends in {type(last).__name__}"):
        as_predictor(torch.nn.Sequential(net, last), classes=CLASSES)


def test_a_softmax_hidden_in_a_module_is_noticed():
    class Hidden(torch.nn.Module):
        def forward(self, rows):
            return torch.softmax(rows, dim=1)

    with pytest.raises(ModelError, match="a second softmax would flatten them"):
        as_predictor(Hidden(), classes=CLASSES)(np.random.default_rng(0).normal(size=(5, 3)))


def test_columns_that_do_not_fit_are_told_with_the_cure():
    layer = torch.nn.Linear(2, 2)
    frame = pd.DataFrame(np.zeros((3, 3)), columns=list("abc"))
    with pytest.raises(InputError, match=r"does not fit the 3 columns .*--features COL,…"):
        as_predictor(layer, classes=["no", "yes"])(frame)
    chosen = as_predictor(layer, classes=["no", "yes"], features=["c", "a"])
    assert chosen(frame).shape == (3, 2)


def test_a_buffer_that_a_forward_replaces_is_put_back():
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("n", torch.zeros(1))

        def forward(self, x):
            self.n = self.n + 1
            return x

    module = Counting()
    as_predictor(module, classes=["no", "yes"])(np.array([[0.0, 2.0]]))
    assert module.n == 0


def test_images_of_another_size_are_not_said_to_be_columns():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    with pytest.raises(InputError, match=r"does not fit rows of shape \(1, 9, 9\)"):
        as_predictor(module, classes=["no", "yes"])(np.zeros((3, 1, 9, 9), np.float32))


def test_a_module_says_neither_task_nor_classes_itself(net):
    with pytest.raises(InputError, match=r"classes=.*in the order of its logits"):
        as_predictor(net)


def test_a_wrong_number_of_classes_is_refused(net):
    with pytest.raises(ModelError, match=r"shape \(2, 3\) for 2 rows; \(2, 4\) was expected"):
        as_predictor(net, classes="abcd")(np.ones((2, 4)))


def test_the_module_is_handed_out_for_gradients(net):
    assert as_predictor(net, classes=CLASSES).module is net


@settings(max_examples=20)
@given(st.permutations(range(12)))
def test_a_permutation_of_rows_permutes_the_answers(order):
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    predictor = as_predictor(model, classes=CLASSES)
    rows = np.arange(36.0).reshape(12, 3) / 36
    np.testing.assert_allclose(predictor(rows[order]), predictor(rows)[order], rtol=1e-6)
