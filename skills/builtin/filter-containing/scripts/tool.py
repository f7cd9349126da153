def filter_containing(items: list[str], text: str) -> list[str]:
    """Keep only the items of a list that contain a given text.

    Args:
        items: The list to filter.
        text: The text an item has to contain.
    """
    return [item for item in items if str(text).casefold() in str(item).casefold()]
