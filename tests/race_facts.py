"""Facts of a race by hand, in as few words as may be. Times are seconds after 20:00 UTC; its post is at 1800."""

import datetime as dt

from horses_scrapy.clock import to_ms
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.items import Source
from horses_scrapy.quality.verdict import Asked
from horses_scrapy.storage.quality.facts import Crawl, EntryFacts, RaceFacts, Seen, SourceFacts, Totals

START = to_ms(dt.datetime(2026, 5, 2, 20, 0, tzinfo=dt.UTC))
POST = 1800
CADENCE = Scraping(default_interval=300, near_post_interval=60, near_post_threshold=600, after_post_cap=2700)
EVENING = POST + 5 * 3600


def ms(seconds: float) -> int:
    return START + round(seconds * 1000)


def asked(now: float = EVENING, **fields) -> Asked:
    given = {"scraping": CADENCE, "min_boards": 10, "watched": frozenset({"demo"})} | fields
    return Asked(now=ms(now), **given)


def seen(seconds: float, status: str = "open", *flags: str, exactas: bool = False) -> Seen:
    return Seen(round(seconds), ms(seconds), status, frozenset(flags), exactas, exactas)


def polled(until: float = POST, *, since: float = 0) -> tuple[Seen, ...]:
    """As the cadence asks, the last one before `until`."""
    found = [seen(since)]
    while True:
        at = (found[-1].at - START) / 1000
        step = 60 if at >= POST - 600 else min(300, max(60, POST - 600 - at))
        if at + step >= until:
            return tuple(found)
        found.append(seen(at + step))


AFTER = (seen(1860, "closed"), seen(1920, "unofficial"), seen(1980, "official"))


def source(boards=(), **fields) -> SourceFacts:
    given = {
        "source": Source("demo", "board", "display"),
        "source_id": 1,
        "is_primary": True,
        "boards": tuple(boards),
        "currencies": {"win": "USD", "exacta": "USD"},
        "quoted": frozenset({1}),
    }
    return SourceFacts(**given | fields)


def totals(seconds: float, *flags: str, **amounts: int) -> Totals:
    return Totals(ms(seconds), frozenset(flags), amounts)


def entry(number: str = "1", *, priced: bool = True, **fields) -> EntryFacts:
    given = {"label": number, "interest_id": int(number), "horse": f"Horse {number}", "status": "active"}
    return EntryFacts(program_number=number, priced=priced, **given | fields)


def race(*sources: SourceFacts, off: float | None = None, created: float = -3600, **fields) -> RaceFacts:
    """An official one, of which nothing else is known."""
    given = {
        "race_id": 7,
        "track_key": "demo",
        "track_code": "DMO",
        "timezone": "America/New_York",
        "race_date": "2026-05-02",
        "race_number": 1,
        "post_time": ms(POST),
        "status": "official",
        "off_at": None if off is None else ms(off),
        "created_at": ms(created),
        "sources": sources,
    }
    return RaceFacts(**given | fields)


def crawl(seconds: float, outcome: str | None) -> Crawl:
    return Crawl(ms(seconds), outcome)
