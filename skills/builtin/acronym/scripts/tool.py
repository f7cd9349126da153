def acronym(text: str) -> str:
    """Make an acronym from the first letters of the words of a phrase.

    Args:
        text: The phrase to shorten.
    """
    return "".join(word[0].upper() for word in text.replace("-", " ").split() if word[0].isalnum())
