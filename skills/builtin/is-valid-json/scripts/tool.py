import json


def is_valid_json(text: str) -> bool:
    """Check whether a text is valid JSON.

    Args:
        text: The text to check.
    """
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True
