"""To be written."""


def compare() -> int:
    """Not yet."""
    return 2
