import re


def _words(text: str) -> list[str]:
    """The words of a text without the punctuation around them."""
    return re.findall(r"\w+(?:['\u2019-]\w+)*", text)


def unique_words(text: str) -> list[str]:
    """List the different words of a text, each once.

    Args:
        text: The text whose words are listed.
    """
    return list(dict.fromkeys(word.lower() for word in _words(text)))
