import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def decided() -> pd.DataFrame:
    """600 decisions with scores: what happened, what was said, of whom."""
    rng = np.random.default_rng(11)
    n = 600
    deny = rng.random(n) < 0.4
    score = np.clip(0.3 + 0.4 * deny + rng.normal(0, 0.2, n), 0, 1)
    return pd.DataFrame(
        {
            "deny": np.where(deny, "yes", "no"),
            "p": score,
            "said": np.where(score > 0.5, "yes", "no"),
            "race": rng.choice(["green", "blue"], n),
            "sex": rng.choice(["f", "m"], n),
            "income": rng.normal(50, 10, n).round(1),
            "weight": rng.integers(1, 4, n),
        }
    )
