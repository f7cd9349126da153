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


def count_sentences(text: str) -> int:
    """Count how many sentences a text has.

    Args:
        text: The text whose sentences are counted.
    """
    return len(_sentences(text))
