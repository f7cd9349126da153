def list_difference(first: list[str], second: list[str]) -> list[str]:
    """Find the items of the first list that are not in the second list.

    Args:
        first: The list to look through.
        second: The list of items to leave out.
    """
    return [item for item in dict.fromkeys(first) if item not in second]
