def remove_digits(text: str) -> str:
    """Remove all digits (0 to 9) from a text.

    Args:
        text: The text that loses its digits.
    """
    return "".join(c for c in text if not c.isdigit())
