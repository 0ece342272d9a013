"""Scraped text that may stand in a mail header, and the proof that a finished mail has just the headers it was given.

A line break is not needed to inject one: a horse named `=?utf-8?q?x=0ABcc:=20a?=` makes the email package of some
supported Python releases write a real Bcc line (CVE-2024-6923).
"""

import unicodedata
from collections.abc import Iterable
from email import errors, policy
from email.parser import BytesHeaderParser

from horses_scrapy.errors import HorsesError

CAP = 120
SUBJECT_CAP = 78
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_OF_A_BODY = (errors.MultipartInvariantViolationDefect, errors.StartBoundaryNotFoundDefect)
"""What some supported Python releases say of a multipart head that is parsed without its body."""
_ELLIPSIS = "..."


class UnsafeMail(HorsesError):
    """A finished mail does not have exactly the headers that it was given: it is not sent."""


def clean(text: str, cap: int = CAP) -> str:
    """One line of visible characters, at most `cap` of them, that no mail reader takes for an encoded word."""
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text[: cap * 8])
        if character.isspace() or unicodedata.category(character) not in _DROPPED
    )
    line = " ".join(visible.split())
    while "=?" in line:
        line = line.replace("=?", "= ?")
    return line if len(line) <= cap else line[: cap - len(_ELLIPSIS)].rstrip() + _ELLIPSIS


def verify(wire: bytes, expected: Iterable[str]) -> None:
    """Parse the finished bytes again. Raises UnsafeMail where a header was added, lost, repeated or broken up."""
    names = sorted(name.casefold() for name in expected)
    head, _, _ = wire.partition(b"\r\n\r\n")
    if not wire.isascii() or b"\n" in head.replace(b"\r\n", b"") or b"\r" in head.replace(b"\r\n", b""):
        raise UnsafeMail("a mail's header holds a bare line break or 8-bit text: it is not sent")
    for way in (policy.compat32, policy.default):
        parsed = BytesHeaderParser(policy=way).parsebytes(head)
        found = sorted(name.casefold() for name in parsed.keys())  # noqa: SIM118
        defects = [defect for defect in parsed.defects if not isinstance(defect, _OF_A_BODY)]
        if found != names or defects:
            raise UnsafeMail(f"a mail's headers are {found}, not {names}, {defects}: it is not sent")
