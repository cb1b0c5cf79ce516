from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data files that may not be passed on, beside the checkout."""
    directory = Path(__file__).parents[2] / "shared" / "data"
    if not (directory / "adult.csv.gz").exists():
        pytest.skip(f"the data files are not at {directory}")
    return directory
