import re
from collections import Counter


def _words(text: str) -> list[str]:
    """The words of a text without the punctuation around them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", text)


def most_common_word(text: str) -> str:
    """Find the word that occurs most often in a text.

    Args:
        text: The text to search.
    """
    words = [word.lower() for word in _words(text)]
    if not words:
        raise ValueError("the text has no words")
    return Counter(words).most_common(1)[0][0]
