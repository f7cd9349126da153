def count_phrase(text: str, phrase: str) -> int:
    """Count how many times a given word or phrase occurs in a text.

    Args:
        text: The text to look through.
        phrase: The word or phrase to count.
    """
    if not phrase:
        raise ValueError("phrase must not be empty")
    return text.casefold().count(phrase.casefold())
