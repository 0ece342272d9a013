"""Program numbers as North American tracks print them: a number of up to two digits, and a letter where horses are coupled."""

import re

PROGRAM_NUMBER = re.compile(r"[1-9]\d?[A-Z]?", re.ASCII)


def interest_of(number: str) -> str:
    """The interest that a program number belongs to: 1A runs for 1."""
    return number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
