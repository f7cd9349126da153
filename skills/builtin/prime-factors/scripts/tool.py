def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def prime_factors(number: int) -> list[int]:
    """Break a whole number into its prime factors.

    Args:
        number: The whole number to take apart.
    """
    n = _whole(number, "number")
    if not 1 <= n <= 10**12:
        raise ValueError("number must lie between 1 and 10**12")
    factors: list[int] = []
    divisor = 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*factors, n] if n > 1 else factors
