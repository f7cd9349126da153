import re


def extract_emails(text: str) -> list[str]:
    """Find all email addresses in a text.

    Args:
        text: The text to search.
    """
    found = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)
    return list(dict.fromkeys(found))
