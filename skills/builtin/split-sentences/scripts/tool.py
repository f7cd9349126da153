import re

_ABBREVIATIONS = ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "e.g.", "i.e.", "vs.", "no.")


def _sentences(text: str) -> list[str]:
    """The sentences of a text, each with its closing mark."""
    sentences: list[str] = []
    for piece in re.split(r"(?<=[.!?])\s+|(?<=[.!?][\"')\u201d\u2019])\s+", text.strip()):
        if sentences and sentences[-1].lower().endswith(_ABBREVIATIONS):
            sentences[-1] += f" {piece}"
        elif re.search(r"\w", piece):
            sentences.append(piece)
    return sentences


def split_sentences(text: str) -> list[str]:
    """Split a text into a list of its sentences.

    Args:
        text: The text to split.
    """
    return _sentences(text)
