def are_anagrams(first: str, second: str) -> bool:
    """Check whether two words or phrases are made of the same letters.

    Args:
        first: One word or phrase.
        second: The other one.
    """
    one, two = (sorted(c for c in t.casefold() if c.isalnum()) for t in (first, second))
    return one == two
