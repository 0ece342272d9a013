"""Program numbers are text: a number, and in North America a letter where horses are coupled. Their order and interest."""

import re

_NUMBER = re.compile(r"(\d*)(.*)", re.ASCII | re.DOTALL)
PROGRAM_NUMBER = re.compile(r"[1-9]\d?[A-Z]?", re.ASCII)


def interest_of(number: str) -> str:
    """The interest that a program number belongs to: 1A runs for 1."""
    return number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def program_order(number: str) -> tuple[int, str]:
    """1, 1A, 2, 10."""
    match = _NUMBER.match(number)
    digits, rest = match.groups() if match is not None else ("", number)
    return (int(digits) if digits else 10_000, rest)
