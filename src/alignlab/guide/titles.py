"""Titles in sentence case: the first word and names keep their capitals, the rest loses them.

Which words are names cannot be read off a title in which every word has a capital. A word keeps its
capital if it is not written as other words are (`SmoothGrad`, `AI`, `L2`), or is among the names
below, which are those that methods and places of this field bear. After a colon, a question mark or
a full stop a sentence begins.
"""

from __future__ import annotations

import re

__all__ = ["is_name", "sentence_case"]

NAMES = frozenset(
    """
    Abers Africa Amazon America American Americans Asia Atari Baselines Bayes Bayesian Bellman
    Bernoulli Bonferroni Boltzmann Bradley Bregman Brier British California Cambridge Carlo
    Chebyshev Chernoff Chicago China Chinese Cholesky Cohen Davidson Dirichlet Dutch
    Dvoretzky Elo England English Erlang Euclidean Europe European Fisher Fourier French Frobenius
    Gauss Gaussian German Germany Gibbs Glass Goodhart Gumbel Gymnasium Hamming Hans Harold Hessian
    Hilbert Hoeffding Hooke Inception Jacobian Jensen Kalman Kendall Kiefer Kolmogorov
    Krippendorff Kuder Kullback Laplace Laplacian Latin Lebesgue Leibler Levenberg Likert Lipschitz
    London Luce Lyapunov Mahalanobis Mann Markov Marquardt Monte Moscow Nash Newton Oxford Pareto
    Parzen Pearson Platt Poisson Python Rademacher Rao Rashomon Rényi Richardson Rubin Shannon
    Shapley Sharpe Sinkhorn Smirnov Sobol Spearman Stanford Stein Taylor Terry Thompson Thurstone
    Turing Venn Wald Wasserstein Weierstrass Welch Whitney Wilcoxon Wilson Wolfowitz Zurcher
    """.split()  # noqa: SIM905 (a hundred words in quotation marks would read worse)
)
"""Words that are also of everyday language are left out: Lasso, Student, Stone."""

_WORD = re.compile(r"[^\s–—/-]+")


def sentence_case(title: str) -> str:
    """Return a title as a sentence.

    Examples
    --------
    >>> sentence_case("On Calibration of Modern Neural Networks: A Bayesian View of AI")
    'On calibration of modern neural networks: A Bayesian view of AI'
    """
    begins = True

    def lowered(found: re.Match[str]) -> str:
        nonlocal begins
        word = found[0]
        first, begins = begins, word[-1] in ":?!."
        if first and found.start() and word.isalpha() and word.islower():
            return word.capitalize()
        return word if first or is_name(word) else word[0].lower() + word[1:]

    return _WORD.sub(lowered, title)


def is_name(word: str) -> bool:
    """Return whether a word of a title keeps its capitals within a sentence.

    Examples
    --------
    >>> is_name("Shapley's"), is_name("SmoothGrad"), is_name("Networks"), is_name("A")
    (True, True, False, False)
    """
    bare = re.sub(r"^\W+|['’]s\b.*$|\W+$", "", word)
    rest = bare[1:]
    odd = rest != rest.lower() or any(sign.isdigit() for sign in rest)
    return bare in NAMES or odd or (len(bare) == 1 and bare != "A" and bare.isupper())
