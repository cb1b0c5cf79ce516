"""Laplace's approximation in the last layer, beside brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats
from torch import nn
from torch.func import functional_call

from alignlab.errors import InputError, ModelError
from alignlab.uncertainty.posterior.laplace import last_layer_laplace

CLASSES = {1: ("no", "yes"), 2: ("no", "yes"), 3: ("a", "b", "c")}


def network(outputs, *, bias=True, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(4, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, outputs, bias=bias)
    ).double()


def rows(n, classes, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, 4)), generator.integers(0, classes, n)


def negative_log_likelihood(module, X, y, *, noise=None):
    """Return a function of the last layer's flat weights, the bias of each output at its end."""
    last = module[-1]
    inputs = last.weight.shape[1]

    def of(flat):
        table = flat.reshape(len(last.weight), -1)
        held = {"3.weight": table[:, :inputs]}
        if last.bias is not None:
            held["3.bias"] = table[:, inputs]
        out = functional_call(module.eval(), held, torch.from_numpy(X))
        if noise is not None:
            return ((out[:, 0] - torch.from_numpy(y)) ** 2).sum() / (2 * noise)
        if out.shape[1] == 1:
            return nn.functional.binary_cross_entropy_with_logits(
                out[:, 0], torch.from_numpy(y).double(), reduction="sum"
            )
        return nn.functional.cross_entropy(out, torch.from_numpy(y), reduction="sum")

    return of


def brute_hessian(module, X, y, **noise):
    last = module[-1]
    table = [last.weight] + ([last.bias[:, None]] if last.bias is not None else [])
    flat = torch.cat(table, dim=1).detach().ravel()
    found = torch.autograd.functional.hessian(negative_log_likelihood(module, X, y, **noise), flat)
    return flat.numpy(), found.numpy()


def held_matrix(fitted):
    """Return the curvature that a result holds, as a matrix over flat weights."""
    size = fitted.weights.size
    axes = fitted.curvature.rotated(np.eye(size).reshape(size, *fitted.weights.shape))
    flat = axes.reshape(size, size)
    return flat @ np.diag(fitted.curvature.eigenvalues.ravel()) @ flat.T


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_full_curvature_is_the_hessian(outputs, bias):
    module = network(outputs, bias=bias)
    X, y = rows(30, max(outputs, 2))
    names = CLASSES[outputs]
    fitted = last_layer_laplace(module, X, np.array(names)[y], classes=names)
    flat, hessian = brute_hessian(module, X, y)
    np.testing.assert_allclose(fitted.weights.ravel(), flat, rtol=1e-15)
    np.testing.assert_allclose(held_matrix(fitted), hessian, atol=1e-12)
    diagonal = last_layer_laplace(
        module, X, np.array(names)[y], classes=names, structure="diagonal"
    )
    np.testing.assert_allclose(held_matrix(diagonal), np.diag(np.diag(hessian)), atol=1e-12)


def test_regression_is_the_exact_bayesian_line():
    module = network(1)
    X, _ = rows(40, 2)
    y = np.random.default_rng(1).normal(size=40)
    fitted = last_layer_laplace(module, X, y, task="regression", noise_variance=0.3)
    _, hessian = brute_hessian(module, X, y, noise=0.3)
    np.testing.assert_allclose(held_matrix(fitted), hessian, atol=1e-11)
    inverse = np.linalg.inv(hessian + fitted.prior_precision * np.eye(len(hessian)))
    with torch.no_grad():
        phi = module[:3].eval()(torch.from_numpy(X)).numpy()
    phi = np.column_stack([phi, np.ones(len(phi))])
    expected = np.einsum("nd,de,ne->n", phi, inverse, phi)
    for structure in ("full", "kronecker"):
        found = last_layer_laplace(
            module, X, y, task="regression", noise_variance=0.3, structure=structure
        ).outputs(X)
        np.testing.assert_allclose(found.covariance[:, 0, 0], expected, rtol=1e-10)


def test_at_the_peak_of_the_posterior_the_evidence_is_exact():
    module, noise, precision = network(1, bias=False), 0.5, 2.0
    X, _ = rows(25, 2)
    with torch.no_grad():
        phi = module[:3].eval()(torch.from_numpy(X)).numpy()
    y = phi @ np.arange(5.0) + np.random.default_rng(2).normal(size=25)
    gram = phi.T @ phi / noise + precision * np.eye(5)
    with torch.no_grad():
        module[-1].weight[:] = torch.from_numpy(np.linalg.solve(gram, phi.T @ y / noise))
    fitted = last_layer_laplace(
        module, X, y, task="regression", noise_variance=noise, prior_precision=precision
    )
    covariance = noise * np.eye(25) + phi @ phi.T / precision
    exact = stats.multivariate_normal(np.zeros(25), covariance).logpdf(y)
    assert fitted.log_evidence == pytest.approx(exact, abs=1e-9)
    assert fitted.offset == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_prior_precision_is_where_the_evidence_peaks(structure, outputs):
    module = network(outputs, seed=3)
    X, y = rows(50, max(outputs, 2))

    def fitted(precision=None):
        return last_layer_laplace(
            module, X, np.array(CLASSES[outputs])[y], classes=CLASSES[outputs],
            structure=structure, prior_precision=precision,
        )  # fmt: skip

    found = fitted()
    best = optimize.minimize_scalar(
        lambda log: -fitted(float(np.exp(log))).log_evidence, bounds=(-8, 8), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert found.log_evidence >= -best.fun - 1e-12
    assert np.log(found.prior_precision) == pytest.approx(best.x, abs=1e-5)
    size = found.prior_precision * np.sum(found.weights**2)
    assert size == pytest.approx(found.effective_weights, rel=1e-10)


@pytest.mark.parametrize("known", [{}, {"prior_precision": 0.7}, {"noise_variance": 0.2}])
def test_prior_and_noise_are_where_the_evidence_peaks_together(known):
    module = network(1, seed=4)
    X, _ = rows(60, 2)
    y = np.random.default_rng(5).normal(size=60)

    def evidence(**told):
        return last_layer_laplace(module, X, y, task="regression", **told).log_evidence

    found = last_layer_laplace(module, X, y, task="regression", **known)
    peak = {
        "prior_precision": found.prior_precision,
        "noise_variance": found.noise_variance,
    }
    assert peak | known == peak
    free = [name for name in peak if name not in known]
    best = evidence(**peak)
    assert best == pytest.approx(found.log_evidence, abs=1e-12)
    for name in free:
        for factor in (0.99, 1.01):
            assert evidence(**(peak | {name: peak[name] * factor})) < best


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
def test_draws_have_the_stated_mean_and_covariance(structure):
    module = network(3)
    X, y = rows(40, 3)
    fitted = last_layer_laplace(
        module, X, np.array(CLASSES[3])[y], classes=CLASSES[3], structure=structure
    )
    exact = fitted.outputs(X[:5])
    passes = 20_000
    drawn = fitted.predict(X[:5], passes=passes)
    logs = np.log(drawn.samples)
    for a, b in ((0, 1), (1, 2), (0, 2)):
        apart = logs[:, :, a] - logs[:, :, b]
        own = exact.covariance
        variance = own[:, a, a] + own[:, b, b] - 2 * own[:, a, b]
        z = (apart.mean(0) - exact.mean[:, a] + exact.mean[:, b]) / np.sqrt(variance / passes)
        assert np.abs(z).max() < 4
        assert np.abs(apart.var(0) / variance - 1).max() < 4 * np.sqrt(2 / passes)


def test_closed_form_probabilities_are_near_those_of_many_draws():
    module = network(3)
    X, y = rows(40, 3)
    fitted = last_layer_laplace(module, X, np.array(CLASSES[3])[y], classes=CLASSES[3])
    drawn = fitted.predict(3 * X, passes=20_000)
    assert np.abs(fitted.probabilities(3 * X) - drawn.mean).max() < 0.02


def test_one_pass_over_the_rows_whatever_the_number_of_draws():
    module = network(3)
    asked = []
    module.register_forward_hook(lambda _, given, __: asked.append(len(given[0])))
    X, y = rows(40, 3)
    fitted = last_layer_laplace(module, X, np.array(CLASSES[3])[y], classes=CLASSES[3])
    assert sum(asked) == fitted.evaluations == 40
    result = fitted.predict(X[:7], passes=500)
    assert sum(asked) == 47
    assert result.evaluations == 7
    assert result.passes == 500


def test_the_module_is_left_as_it_was_and_draws_repeat():
    module = network(2).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    X, y = rows(30, 2)
    names = CLASSES[2]
    fitted = last_layer_laplace(module, X, np.array(names)[y], classes=names)
    first, again = fitted.predict(X, seed=3), fitted.predict(X, seed=3)
    assert first.samples.tobytes() == again.samples.tobytes()
    assert module.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_batches_change_nothing(monkeypatch):
    module = network(3)
    X, y = rows(40, 3)
    whole = last_layer_laplace(module, X, np.array(CLASSES[3])[y], classes=CLASSES[3])
    monkeypatch.setattr("alignlab.uncertainty.posterior.asking.MOST_ROWS", 7)
    parts = last_layer_laplace(module, X, np.array(CLASSES[3])[y], classes=CLASSES[3])
    assert parts.log_evidence == pytest.approx(whole.log_evidence, rel=1e-12)
    np.testing.assert_allclose(parts.outputs(X).mean, whole.outputs(X).mean, rtol=1e-12)


def test_far_from_the_data_it_knows_less():
    X, y = rows(200, 2)
    module = nn.Sequential(nn.Linear(4, 2)).double()
    fitted = last_layer_laplace(module, X, np.array(CLASSES[2])[y], classes=CLASSES[2])
    near, far = fitted.predict(X[:50]), fitted.predict(10 * X[:50])
    assert far.mutual_information.mean() > 10 * near.mutual_information.mean()


def test_the_offset_tells_weights_that_are_not_at_the_peak():
    X, y = rows(200, 2)
    module = nn.Sequential(nn.Linear(4, 1)).double()
    objective = negative_of(module, X, y)
    flat = optimize.minimize(objective, np.zeros(5), tol=1e-12).x
    with torch.no_grad():
        module[0].weight[:] = torch.from_numpy(flat[:4])
        module[0].bias[:] = flat[4]
    names = CLASSES[1]
    at_peak = last_layer_laplace(module, X, np.array(names)[y], classes=names, prior_precision=1.0)
    assert at_peak.offset < 1e-3
    with torch.no_grad():
        module[0].bias += 1.0
    moved = last_layer_laplace(module, X, np.array(names)[y], classes=names, prior_precision=1.0)
    assert moved.offset > 2


def negative_of(module, X, y):
    design = np.column_stack([X, np.ones(len(X))])

    def of(flat):
        logit = design @ flat
        return -special.log_expit(np.where(y == 1, logit, -logit)).sum() + flat @ flat / 2

    return of


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"structure": "kroneker"}, "Did you mean 'kronecker'"),
        ({"prior_precision": 0.0}, "prior_precision=0.0 is not a number above 0"),
        ({"noise_variance": 1.0}, "noise_variance is for regression"),
    ],
)
def test_bad_arguments(told, says):
    X, _ = rows(10, 3)
    given = {"classes": CLASSES[3]} | told
    with pytest.raises(InputError, match=says):
        last_layer_laplace(network(3), X, ["a"] * 10, **given)


def test_bad_outcomes_and_models():
    X, y = rows(10, 3)
    with pytest.raises(InputError, match=r"shape \(9,\) and there are 10 rows"):
        last_layer_laplace(network(3), X, ["a"] * 9, classes=CLASSES[3])
    with pytest.raises(InputError, match="row 1: not a finite"):
        last_layer_laplace(network(1), X, [1.0, np.nan, *range(8)], task="regression")
    with pytest.raises(ModelError, match="2 logits a row were expected"):
        last_layer_laplace(network(3), X, ["a"] * 10, classes=("a", "b"))
    with pytest.raises(ModelError, match="one value a row was expected"):
        last_layer_laplace(network(3), X, np.arange(10.0), task="regression")
    with pytest.raises(InputError, match="works on torch modules"):
        last_layer_laplace(lambda rows: np.ones((len(rows), 2)) / 2, X, y, classes=("a", "b"))
    zero = network(3)
    nn.init.zeros_(zero[-1].weight)
    nn.init.zeros_(zero[-1].bias)
    with pytest.raises(InputError, match="weights are all 0"):
        last_layer_laplace(zero, X, ["a"] * 10, classes=CLASSES[3])
    exact = network(1)
    with torch.no_grad():
        through = exact.eval()(torch.from_numpy(X))[:, 0].numpy()
    with pytest.raises(InputError, match="no noise can be seen"):
        last_layer_laplace(exact, X, through, task="regression")
    fitted = last_layer_laplace(network(3), X, ["a"] * 10, classes=CLASSES[3])
    with pytest.raises(InputError, match="passes=1 is not"):
        fitted.predict(X, passes=1)


def test_plain_values():
    X, y = rows(10, 3)
    fitted = last_layer_laplace(network(3), X, np.array(CLASSES[3])[y], classes=CLASSES[3])
    assert fitted.to_dict()["weights"] == 18
    assert fitted.to_dict()["structure"] == "full"
