"""Alerts of one race, or a notice of our own -> one finished mail, the same for the same alerts and the same instant."""

from collections.abc import Iterator, Sequence
from email.utils import format_datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts.mail.chart import chart
from alerts.mail.subject import subject_of
from alerts.mail.view import ESTIMATES, Item, Mute, View, heading, item_of, link, local
from alerts.mail.wire import Picture, digest, to_wire
from alerts.message import Composed, Notice, Told
from alerts.mute_link import Links, Muting, day_over
from alerts.rules.base import Severity
from alerts.safe_header import SUBJECT_CAP, clean
from horses_scrapy.clock import from_ms

MUTES = 6
"""Horses of one mail that have a link to mute them: a mail is no list of links."""
PICTURES = 5
"""In one mail; further alerts have their odds as bars only."""
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("mail") / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_FIRST: tuple[Severity, ...] = ("urgent", "watch", "info")


def compose(
    alerts: Sequence[Told], *, sender: str, recipient: str, now_ms: int, links: Links | None = None
) -> Composed:
    """One mail about the alerts of one race or track; the most severe leads, what is over comes last. Raises UnsafeMail.

    links: None where the mail leads to no board.
    """
    alerts = sorted(alerts, key=_rank)
    race = alerts[0].detail
    key = digest(*sorted(alert.key for alert in alerts), recipient)
    view = View(
        subject=subject_of([alert.detail for alert in alerts]),
        heading=heading(race),
        date=clean(race.race_date),
        post=None if race.race_number is None else local(race.post_time, race.timezone),
        url=link(race.url),
        board="" if links is None or alerts[0].race_id is None else links.race(alerts[0].race_id),
        mutes=() if links is None else tuple(_mutes(alerts, recipient, links)),
        estimate=any(alert.detail.kind in ESTIMATES for alert in alerts),
        items=tuple(
            item_of(alert, now_ms, f"odds-{number}.{key}" if number < PICTURES else "")
            for number, alert in enumerate(alerts)
        ),
    )
    root = f"race-{digest(race.track_key, race.race_date, str(race.race_number))}"
    headers = _headers(view.subject, sender, recipient, key, root, now_ms)
    return _finished(headers, "mail", view, _pictures(view.items))


def notice(notice: Notice, *, sender: str, recipient: str, now_ms: int) -> Composed:
    """Raises UnsafeMail."""
    key = digest("notice", notice.key, recipient)
    subject = clean(notice.subject, SUBJECT_CAP)
    headers = _headers(subject, sender, recipient, key, f"notices-{digest(recipient)}", now_ms)
    safe = Notice(
        key=key, subject=subject, heading=clean(notice.heading), lines=tuple(clean(line, 300) for line in notice.lines)
    )
    return _finished(headers, "notice", safe, [])


def _rank(alert: Told) -> tuple[int, bool]:
    return _FIRST.index(alert.detail.severity), alert.detail.event == "resolved"


def _mutes(alerts: Sequence[Told], recipient: str, links: Links) -> Iterator[Mute]:
    """The race, then its horses in the order of the alerts."""
    race_id, race = alerts[0].race_id, alerts[0].detail
    if race_id is None:
        return
    until = day_over(race.race_date, race.timezone, race.post_time)
    horses = list(dict.fromkeys(alert.program for alert in alerts if alert.program is not None))
    for program in (None, *horses[:MUTES]):
        url = links.mute(Muting(race_id, program, recipient, until))
        if url is not None:
            yield Mute("this race" if program is None else f"#{clean(program)}", url)


def _headers(subject: str, sender: str, recipient: str, key: str, root: str, now_ms: int) -> dict[str, str]:
    domain = sender.rpartition("@")[2]
    return {
        "From": sender,
        "To": recipient,
        "Subject": subject,
        "Date": format_datetime(from_ms(now_ms)),
        "Message-ID": f"<{key}@{domain}>",
        "References": f"<{root}@{domain}>",
        "In-Reply-To": f"<{root}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Alert-Key": key,
    }


def _pictures(items: Sequence[Item]) -> list[Picture]:
    return [Picture(item.cid, chart(item.path)) for item in items if item.path is not None and item.cid]


def _finished(headers: dict[str, str], template: str, view: View | Notice, pictures: Sequence[Picture]) -> Composed:
    plain = _TEMPLATES.get_template(f"{template}.txt").render(mail=view)
    html = _TEMPLATES.get_template(f"{template}.html").render(mail=view)
    wire = to_wire(headers, plain, html, pictures)
    return Composed(headers["Message-ID"], headers["Subject"], wire.decode("ascii"))
