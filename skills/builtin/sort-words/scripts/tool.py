def sort_words(text: str) -> str:
    """Sort the words of a sentence alphabetically.

    Args:
        text: The sentence whose words are sorted.
    """
    return " ".join(sorted(text.split(), key=str.casefold))
