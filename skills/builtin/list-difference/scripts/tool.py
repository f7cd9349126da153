def list_difference(first: list[str | float], second: list[str | float]) -> list[str | float]:
    """Find the items of the first list that are not in the second list.

    Args:
        first: The list to look through.
        second: The list of items to leave out.
    """
    return [item for item in dict.fromkeys(first) if item not in second]
