"""Pipeline 200: a board that contradicts itself, its card, its pool or the board before is flagged. It is stored all the same."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from sqlalchemy import Connection

from horses_scrapy.checks import REFUNDED_WITHIN, SUSPECT, Context, Finding, findings
from horses_scrapy.clock import to_ms
from horses_scrapy.config import Track
from horses_scrapy.items import AnyItem, OddsItem
from horses_scrapy.logs import context
from horses_scrapy.storage import sanity_reader
from horses_scrapy.track_spider import TrackSpider

logger = logging.getLogger(__name__)


class Sanity:
    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._told: set[tuple[int, str]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings.getbool("DRY_RUN"):  # it compares with what is stored, and this run's boards are not
            raise NotConfigured
        return cls(crawler)

    def process_item(self, item: AnyItem) -> AnyItem:
        if not isinstance(item, OddsItem):
            return item
        spider = self._crawler.spider
        assert isinstance(spider, TrackSpider)
        race_id = spider.run.race_id(item)
        with spider.run.store.read() as connection:
            found = findings(item, context_of(connection, item, spider.track, race_id))
        if not found:
            return item
        self._tell(spider.track, item, found)
        return replace(item, flags=item.flags | {SUSPECT} | {finding.name for finding in found})

    def _tell(self, track: Track, item: OddsItem, found: list[Finding]) -> None:
        """One line for a board; what this run has told of the race is not told again."""
        new = [finding for finding in found if (item.race_number, finding.name) not in self._told]
        self._told |= {(item.race_number, finding.name) for finding in new}
        if new:
            text = "; ".join(finding.text for finding in new)
            with context(race=item.race_number):
                logger.warning("Suspect board: %s R%d: %s: %s", track.code, item.race_number, text, item.url)


def context_of(connection: Connection, item: OddsItem, track: Track, race_id: int | None) -> Context:
    """What is known around the board; a race that is not stored yet has neither card nor earlier board."""
    known = {
        bet_type: terms for bet_type in track.pools if (terms := track.terms(bet_type, item.race_date)) is not None
    }
    bounds = Context(terms=known, min_runners=track.min_runners, max_runners=track.max_runners)
    if race_id is None:
        return bounds
    source = item.source.name
    before = sanity_reader.board_before(connection, race_id, source, to_ms(item.fetched_at))
    around = replace(
        bounds,
        runners=sanity_reader.runners(connection, race_id),
        elsewhere=sanity_reader.elsewhere(connection, race_id, source),
    )
    if before is None:
        return around
    since = before.fetched_at - REFUNDED_WITHIN // timedelta(milliseconds=1)
    return replace(
        around,
        earlier=sanity_reader.earlier(connection, before),
        scratched_since=sanity_reader.scratched_since(connection, race_id, since),
    )
