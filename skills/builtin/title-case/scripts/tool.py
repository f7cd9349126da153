import re


def title_case(text: str) -> str:
    """Capitalize the first letter of every word, as in a title or headline.

    Args:
        text: The text to write like a title.
    """
    return re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)
