"""What is of no track: the database, the mail and the polls. Pure."""

from collections.abc import Iterator
from typing import Final

from alerts.reading.facts import MINUTE_MS, Fault, Finding, Here, House
from alerts.rules.system import DatabaseRule, MailFailingRule, PollingRule
from horses_scrapy.storage.mail_facts import MailFacts

STORE_ERROR = "store_error"
DISK, WRITES = "disk", "writes"
"""Subjects of the database rule."""
SCRAPYD: Final = "scrapyd"
WINDOWS: Final = "windows"
"""Subjects of the polling rule."""


def database(rule: DatabaseRule, house: House, here: Here) -> Iterator[Finding]:
    if house.free_mb is not None:
        yield _disk(rule, house.free_mb)
    refused = [(track, track.runs[0]) for track in here.facts.tracks if track.runs]
    jobs = [
        Fault(run.finished_at, f"{track.code}: {run.reason or ''}")
        for track, run in refused
        if run.outcome == STORE_ERROR
    ]
    faults = sorted([*house.faults, *jobs], key=lambda fault: fault.at)
    yield Finding(
        subject=WRITES,
        standing="breach" if faults else "over",
        value=len(faults) * 1000,
        at=faults[0].at if faults else None,
        told=tuple(dict.fromkeys(fault.text for fault in faults))[-3:],
    )


def _disk(rule: DatabaseRule, free_mb: int) -> Finding:
    low, enough = free_mb < rule.free_mb, free_mb * 10 >= rule.free_mb * 11
    return Finding(
        subject=DISK,
        standing="breach" if low else "over" if enough else "between",
        value=free_mb * 1000,
        threshold=rule.free_mb * 1000,
    )


def mail_failing(rule: MailFailingRule, house: House, here: Here) -> Iterator[Finding]:
    """Alerts that no message holds yet may wait for their group; messages wait for the server only."""
    known = {mail.channel: mail for mail in house.mail}
    for channel in sorted(known.keys() | here.alerted.keys()):
        mail = known.get(channel, MailFacts(channel=channel))
        loose_ms = round(max(here.grouping.wait, here.grouping.interval) * 1000)
        waits = [here.now_ms - mail.frozen_at] if mail.frozen_at is not None else []
        waits += [here.now_ms - mail.alert_at - loose_ms] if mail.alert_at is not None else []
        longest = max([0, *waits])
        yield Finding(
            subject=channel,
            standing="breach" if longest >= rule.minutes * MINUTE_MS or mail.dead else "over",
            value=longest * 1000 // MINUTE_MS,
            threshold=round(rule.minutes * 1000),
            at=here.now_ms - longest,
            told=(str(mail.dead),) if mail.dead else (),
        )


def polling(rule: PollingRule, house: House, _: Here) -> Iterator[Finding]:
    """Values in real milliseconds: the thousandths of seconds."""
    silent = any(one.subject == SCRAPYD and one.at is not None for one in house.polling)
    for one in house.polling:
        if one.subject == WINDOWS and silent:
            continue  # one cause, one mail
        least = round(rule.seconds * 1000) if one.subject == SCRAPYD else 0
        yield Finding(
            subject=one.subject,
            standing="over" if one.at is None else "breach" if one.lasts_ms >= least else "between",
            value=one.lasts_ms,
            threshold=least or None,
            at=one.at,
            told=one.told,
        )
