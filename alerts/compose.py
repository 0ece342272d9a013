"""Alerts of one race -> the bytes of one mail, the same for the same alerts and the same instant."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts.message import Told
from alerts.safe_header import SUBJECT_CAP, clean, verify
from alerts.wording.detail import Detail
from horses_scrapy.clock import from_ms

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished mail: `wire` is what is sent, at every attempt."""

    message_id: str
    subject: str
    wire: bytes


@dataclass(frozen=True, slots=True)
class _Item:
    detail: Detail
    seen: str
    age: str


@dataclass(frozen=True, slots=True)
class _View:
    subject: str
    heading: str
    post: str | None
    url: str
    items: Sequence[_Item]


def compose(alerts: Sequence[Told], *, sender: str, recipient: str, now_ms: int) -> Mail:
    """One mail about the alerts of one race or track, the first of them in the subject. Raises UnsafeMail."""
    race = alerts[0].detail
    domain = sender.rpartition("@")[2]
    key = _digest(*sorted(alert.key for alert in alerts), recipient)
    root = f"<race-{_digest(race.track_key, race.race_date, str(race.race_number))}@{domain}>"
    subject = subject_of([alert.detail for alert in alerts])
    post = None if race.race_number is None else local(race.post_time, race.timezone)
    view = _View(subject, heading(race), post, link(race.url), _items(alerts))
    headers = {
        "From": sender,
        "To": recipient,
        "Subject": subject,
        "Date": format_datetime(from_ms(now_ms)),
        "Message-ID": f"<{key}@{domain}>",
        "References": root,
        "In-Reply-To": root,
        "Auto-Submitted": "auto-generated",
        "X-Alert-Key": key,
    }
    plain = _TEMPLATES.get_template("mail.txt").render(mail=view)
    html = _TEMPLATES.get_template("mail.html").render(mail=view)
    return Mail(headers["Message-ID"], subject, to_wire(headers, plain, html))


def to_wire(headers: dict[str, str], plain: str, html: str | None = None) -> bytes:
    """7-bit bytes with CRLF line ends and exactly these headers. Raises UnsafeMail."""
    message = EmailMessage(policy=_POLICY)
    for name, value in headers.items():
        message[name] = value
    message.set_content(plain, cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{_digest(plain, html)}")
    wire = message.as_bytes()
    body_headers = ["MIME-Version", "Content-Type", *([] if html is not None else ["Content-Transfer-Encoding"])]
    verify(wire, [*headers, *body_headers])
    return wire


def subject_of(details: Sequence[Detail]) -> str:
    """`AWA R1 #4 6.00->3.00 (4 MTP) and 2 more`, at most 78 characters, the ending never cut off."""
    first = details[0]
    more = f" and {len(details) - 1} more" if len(details) > 1 else ""
    told = f"{first.race} {first.what} {first.move.replace(' -> ', '->')}{first.to_post}"
    return clean(told, SUBJECT_CAP - len(more)) + more


def heading(race: Detail) -> str:
    number = "" if race.race_number is None else f", race {race.race_number}"
    return f"{race.track_name} ({race.track_code}){number}, {race.race_date}"


def local(instant_ms: int | None, timezone: str) -> str:
    """`14:05 EDT` at the track."""
    return "not known" if instant_ms is None else _at(instant_ms, timezone).strftime("%H:%M %Z")


def link(url: str) -> str:
    """The URL where it is one that may stand in a mail, else nothing."""
    return url if urlsplit(url).scheme in {"http", "https"} and url.isascii() and url.isprintable() else ""


def _items(alerts: Sequence[Told]) -> list[_Item]:
    return [_Item(alert.detail, _seen(alert.detail), _age(alert.detail)) for alert in alerts]


def _seen(detail: Detail) -> str:
    return _at(detail.fetched_at, detail.timezone).strftime("%H:%M:%S %Z")


def _age(detail: Detail) -> str:
    if detail.source_time is None:
        return ""
    at = _at(detail.source_time, detail.timezone).strftime("%H:%M:%S")
    return f" (its time {at}, {max(0, detail.fetched_at - detail.source_time) // 1000} s old)"


def _at(instant_ms: int, timezone: str) -> datetime:
    return from_ms(instant_ms).astimezone(ZoneInfo(timezone))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
