from collections import Counter


def most_common_item(items: list[str | float]) -> str | float:
    """Find the most frequent item of a list.

    Args:
        items: The list of items or numbers.
    """
    if not items:
        raise ValueError("the list is empty")
    return Counter(items).most_common(1)[0][0]
