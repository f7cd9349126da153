def is_valid_card_number(card_number: str) -> bool:
    """Check a credit card number with the Luhn checksum.

    Args:
        card_number: The card number, blanks and hyphens allowed.
    """
    digits = card_number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
