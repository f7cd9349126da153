import re


def _words(text: str) -> list[str]:
    """The words of a text without the punctuation around them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", text)


def longest_word(text: str) -> str:
    """Find the longest word in a text.

    Args:
        text: The text to search.
    """
    words = _words(text)
    if not words:
        raise ValueError("the text has no words")
    return max(words, key=len)
