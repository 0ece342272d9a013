"""What /metrics tells: what this process has measured, and what stands in the database at that moment."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from horses_scrapy.errors import HorsesError
from horses_scrapy.storage.runs import GOOD
from horses_scrapy.storage.schema import OUTCOMES
from horses_scrapy.storage.source_facts import Ended, ended_runs
from horses_scrapy.storage.status_facts import database_facts, rejected_items
from horses_scrapy.storage.track_facts import newest_board, newest_prices
from horses_scrapy.web.desk import Desk, Reading
from horses_scrapy.web.facts import freshness, services
from horses_scrapy.web.models.base import Freshness
from horses_scrapy.web.models.status import Outbox, Scheduler

logger = logging.getLogger(__name__)

Samples = Sequence[tuple[str, float]]
"""Label value -> figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Ages in seconds; None: there is nothing to be old."""

    size_bytes: int
    board_age: float | None
    price_ages: dict[str, float]
    freshness: dict[str, Freshness]
    ended: Sequence[Ended]
    rejected: int
    outbox: Outbox
    scheduler: Scheduler


def metrics_text(desk: Desk) -> bytes:
    """Also where the database does not answer. In a thread."""
    registry = CollectorRegistry()
    registry.register(_Read(_stored(desk)))
    return generate_latest(desk.meters.registry) + generate_latest(registry)


def _stored(desk: Desk) -> Stored | None:
    try:
        with desk.store.snapshot() as connection, desk.meters.watching(connection):
            return _read(Reading(connection, desk.settings, desk.clock, desk.clock.now_ms()), desk.watch.grouped_s)
    except (HorsesError, OSError) as error:
        logger.warning("Metrics without the database: %s", error)
        return None


def _read(reading: Reading, grouped_s: float) -> Stored:
    connection, now = reading.connection, reading.now_ms
    keys = list(reading.settings.enabled_tracks)
    board_at = newest_board(connection)
    return Stored(
        size_bytes=database_facts(connection).size_bytes,
        board_age=None if board_at is None else (now - board_at) / 1000,
        price_ages={key: (now - at) / 1000 for key, at in newest_prices(connection, keys, now).items()},
        freshness=freshness.by_track(reading),
        ended=ended_runs(connection, keys, now),
        rejected=rejected_items(connection, now),
        outbox=services.outbox(reading, grouped_s),
        scheduler=services.scheduler(reading),
    )


class _Read(Collector):
    """Of one scrape: a track that is watched no more leaves nothing behind."""

    def __init__(self, stored: Stored | None) -> None:
        self._stored = stored

    def collect(self) -> Iterator[Metric]:
        stored = self._stored
        yield _gauge("database_up", "Whether the database answered.", float(stored is not None))
        if stored is not None:
            yield from _ages(stored)
            yield from _counts(stored)


def _ages(stored: Stored) -> Iterator[Metric]:
    tracks = sorted(stored.freshness.items())
    ages = [(key, fresh.age_seconds) for key, fresh in tracks]
    allowed = [(key, fresh.allowed_seconds) for key, fresh in tracks]
    yield _by("track_age_seconds", "Since a track's newest success; none yet: absent.", "track", _known(ages))
    yield _by("track_allowed_seconds", "What that may be; absent while nothing is due.", "track", _known(allowed))
    yield _by("track_stale", "Whether it is more.", "track", [(key, float(fresh.degraded)) for key, fresh in tracks])
    yield _by(
        "price_age_seconds", "Since a price of its present races changed.", "track", sorted(stored.price_ages.items())
    )
    yield _gauge("board_age_seconds", "Of the board that was stored last.", stored.board_age)
    yield _gauge("outbox_age_seconds", "Since its oldest message should have gone.", stored.outbox.oldest_seconds)
    yield _gauge("scheduler_age_seconds", "Real, since its newest look.", stored.scheduler.looked_seconds)


def _counts(stored: Stored) -> Iterator[Metric]:
    runs = [(outcome, _runs(stored, outcome)) for outcome in OUTCOMES]
    errors = [
        ("crawl", float(sum(count for outcome, count in runs if outcome not in GOOD))),
        ("validate", float(stored.rejected)),
        ("store", _runs(stored, "store_error")),
        ("mail", float(stored.outbox.dead)),
    ]
    yield _by("crawl_runs_last_hour", "Crawls that began in the last hour and have ended.", "outcome", runs)
    yield _by(
        "errors_last_hour", "Failed crawls, rejected items, crawls the database refused, messages given up.",
        "component", errors,
    )  # fmt: skip
    yield _gauge("outbox_waiting", "Alerts to somebody, neither sent nor given up.", float(stored.outbox.waiting))
    yield _gauge("scheduler_overdue", "Jobs that were due and are not posted.", float(stored.scheduler.overdue))
    yield _gauge("database_bytes", "Its size.", float(stored.size_bytes))


def _runs(stored: Stored, outcome: str) -> float:
    return float(sum(each.hour for each in stored.ended if each.outcome == outcome))


def _known(values: Sequence[tuple[str, float | None]]) -> Samples:
    return [(label, value) for label, value in values if value is not None]


def _gauge(name: str, text: str, value: float | None) -> Metric:
    family = GaugeMetricFamily(f"horses_{name}", text)
    if value is not None:
        family.add_metric([], value)
    return family


def _by(name: str, text: str, label: str, values: Samples) -> Metric:
    family = GaugeMetricFamily(f"horses_{name}", text, labels=[label])
    for of, value in values:
        family.add_metric([of], value)
    return family
