import re


def is_valid_email(address: str) -> bool:
    """Check whether a text has the form of an email address.

    Args:
        address: The address to check.
    """
    form = r"[\w+-]+(\.[\w+-]+)*@([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]{2,}"
    return len(address) <= 254 and re.fullmatch(form, address.strip(), re.IGNORECASE) is not None
