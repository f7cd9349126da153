import re


def sentence_case(text: str) -> str:
    """Write a text with a capital only at the start of each sentence.

    Args:
        text: The text to write with capitals at the sentence starts.
    """
    small = text.lower()
    return re.sub(r"(^\W*|[.!?]\s+)(\w)", lambda m: m[1] + m[2].upper(), small)
