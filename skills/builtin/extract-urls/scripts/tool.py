import re


def extract_urls(text: str) -> list[str]:
    """Find all web links (URLs) in a text.

    Args:
        text: The text to search.
    """
    found = re.findall(r"(?:https?://|www\.)[^\s<>\"']+", text)
    return list(dict.fromkeys(url.rstrip(".,;:!?)]}") for url in found))
