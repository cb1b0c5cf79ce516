"""To be written."""


def init() -> int:
    """Not yet."""
    return 2
