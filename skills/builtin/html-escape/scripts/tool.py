import html


def html_escape(text: str) -> str:
    """Escape the characters <, >, & and quotes of a text for HTML.

    Args:
        text: The text to escape.
    """
    return html.escape(text)
