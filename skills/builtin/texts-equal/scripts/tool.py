def texts_equal(first: str, second: str) -> bool:
    """Check whether two texts are exactly the same.

    Args:
        first: One text.
        second: The other text.
    """
    return first == second
