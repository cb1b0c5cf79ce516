import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.oversight.review import Review

COLUMNS = ["income", "debt_share"]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A model `repaid.skops`, its cases `loans.csv`, and what it said of them, `said.csv`."""
    folder = tmp_path_factory.mktemp("loans")
    rng = np.random.default_rng(4)
    n = 120
    frame = pd.DataFrame(
        {"income": rng.normal(40, 10, n).round(1), "debt_share": rng.beta(2, 5, n).round(3)}
    )
    odds = 0.3 * (frame["income"] - 35) - 8 * (frame["debt_share"] - 0.3)
    frame["repaid"] = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    frame["sex"] = np.where(np.arange(n) % 4, "m", "f")
    frame["number"] = 1000 + np.arange(n)
    frame["letter"] = [f"Applicant {at} writes." for at in range(n)]
    frame["checked"] = [{5: "no", 9: "yes"}.get(at) for at in range(n)]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(frame[COLUMNS], frame["repaid"])
    skops.io.dump(model, folder / "repaid.skops")
    frame.to_csv(folder / "loans.csv", index=False)
    said = frame.assign(p=model.predict_proba(frame[COLUMNS])[:, 1].round(6))
    said.assign(decided=np.where(said["p"] > 0.5, "yes", "no")).to_csv(
        folder / "said.csv", index=False
    )
    return folder


@pytest.fixture
def loans(here, made):
    """A directory with the files of `made`."""
    for file in made.iterdir():
        (here / file.name).write_bytes(file.read_bytes())
    return here


@pytest.fixture
def contents():
    """Return everything that a review at a place would ask, by leasing it all to one person."""

    def read(folder):
        found = []
        with Review.open(folder) as review:
            review.invite("reader")
            while (case := review.next("reader")) is not None:
                found.append(case)
                said = {"preferred": "tie"} if case.kind == "prefer" else {"verdict": "cannot tell"}
                while case.stage == "own":
                    case = review.step("reader", case.lease, said)
                review.submit("reader", case.lease, said)
        return found

    return read


@pytest.fixture
def answered():
    """Return everything that there is to know of a review's items, by answering them all."""

    def read(folder):
        with Review.open(folder) as review:
            return {each.key: each for each in review.answers(gold=True, content=True)}

    return read


@pytest.fixture
def small(alignlab, loans):
    """A review of ten cases at `r`."""
    assert alignlab("review create r --predictions said.csv --prediction decided --most 10")[0] == 0
    return loans
