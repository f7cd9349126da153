import re
from collections import Counter


def _words(text: str) -> list[str]:
    """The words of a text without the punctuation around them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", text)


def word_frequency(text: str) -> dict[str, int]:
    """Count how often each word occurs in a text.

    Args:
        text: The text whose words are counted.
    """
    return dict(Counter(word.lower() for word in _words(text)).most_common())
