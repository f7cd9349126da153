def reverse_list(items: list[str | float]) -> list[str | float]:
    """Put the items of a list in the opposite order, last item first.

    Args:
        items: The list to turn round.
    """
    return items[::-1]
