"""The bytes of a mail: multipart/alternative of a plain part and an HTML part with its pictures.

It is written here, for the email package takes ten times as long, and some of its releases lose spaces of a long subject
that is not ASCII. The parts' form is fixed, none of the text that they carry stands in their headers; the mail's own
headers are verified.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.header import Header

from alerts.safe_header import UnsafeMail, verify

_LINE = "\r\n"
_SHORT = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that the HTML part shows as `cid:<cid>`."""

    cid: str
    png: bytes


def to_wire(headers: Mapping[str, str], plain: str, html: str | None = None, pictures: Sequence[Picture] = ()) -> bytes:
    """7-bit bytes with CRLF line ends and exactly these headers. Raises UnsafeMail."""
    body = _text("plain", plain)
    if html is not None:
        body = _multipart("alternative", [body, _shown(html, pictures)])
    head = "".join(_folded(name, value) for name, value in headers.items())
    wire = f"{head}MIME-Version: 1.0{_LINE}{body}".encode("ascii")
    body_headers = ["MIME-Version", "Content-Type", *([] if html is not None else ["Content-Transfer-Encoding"])]
    verify(wire, [*headers, *body_headers])
    return wire


def _folded(name: str, value: str) -> str:
    """What is not plain ASCII is encoded as a whole, so that no space and no `=?` in it can mean anything."""
    if not value.isprintable():
        raise UnsafeMail(f"a mail's {name} has a line break or another unprintable character: it is not sent")
    if value.isascii() and "=?" not in value and len(value) <= _SHORT:
        return f"{name}: {value}{_LINE}"
    return f"{name}: {Header(value, 'utf-8', header_name=name).encode(linesep=_LINE)}{_LINE}"


def _shown(html: str, pictures: Sequence[Picture]) -> str:
    part = _text("html", html)
    return _multipart("related", [part, *map(_png, pictures)], '; type="text/html"') if pictures else part


def _multipart(kind: str, parts: Sequence[str], parameters: str = "") -> str:
    # No text can hold its own digest, so no part holds the boundary.
    boundary = f"=_{digest(kind, *parts)}"
    head = f'Content-Type: multipart/{kind};{_LINE} boundary="{boundary}"{parameters}{_LINE}{_LINE}'
    return head + "".join(f"--{boundary}{_LINE}{part}{_LINE}" for part in parts) + f"--{boundary}--{_LINE}"


def _text(kind: str, text: str) -> str:
    lines = _LINE.join(text.splitlines()) + _LINE
    coded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True).decode("ascii")
    head = f'Content-Type: text/{kind}; charset="utf-8"{_LINE}Content-Transfer-Encoding: quoted-printable{_LINE}{_LINE}'
    return head + coded


def _png(picture: Picture) -> str:
    head = (
        f"Content-Type: image/png{_LINE}Content-Transfer-Encoding: base64{_LINE}Content-ID: <{picture.cid}>{_LINE}"
        f'Content-Disposition: inline; filename="odds.png"{_LINE}{_LINE}'
    )
    return head + base64.encodebytes(picture.png).decode("ascii").replace("\n", _LINE)


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
