import numpy as np
import pytest

from alignlab.datasets import load_images


def waves(n=6, shape=(3, 40, 33), seed=0):
    """Smooth coloured images from 0 to 1, with an edge each."""
    rng = np.random.default_rng(seed)
    channels, height, width = shape
    down, right = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    turns = rng.uniform(1, 4, (n, channels, 2, 1, 1))
    angle = 2 * np.pi * (turns[:, :, 0] * down + turns[:, :, 1] * right)
    images = 0.45 + 0.3 * np.sin(angle + rng.uniform(0, 6, (n, channels, 1, 1)))
    images += 0.2 * (down > rng.uniform(0.2, 0.8, (n, 1, 1, 1)))
    return np.clip(images, 0, 1).astype(np.float32)


@pytest.fixture(scope="session")
def coloured():
    return waves()


@pytest.fixture(scope="session")
def digits():
    return load_images("digits").images[:40]
