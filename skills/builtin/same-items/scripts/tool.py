from collections import Counter


def same_items(first: list[str | float], second: list[str | float]) -> bool:
    """Check whether two lists hold the same items in any order.

    Args:
        first: One list.
        second: The other list.
    """
    return Counter(map(str, first)) == Counter(map(str, second))
