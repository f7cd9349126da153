import html


def html_unescape(text: str) -> str:
    """Turn HTML entities such as &amp; and &lt; back into characters.

    Args:
        text: The text with HTML entities.
    """
    return html.unescape(text)
