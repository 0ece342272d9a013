"""How everything is: facts first, then what they mean in plain sentences. The same facts give the same words."""

from collections.abc import Sequence

from horses_scrapy.clock import from_ms
from horses_scrapy.storage.status_facts import rejected_items
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts import doctor, services, sources, tracks
from horses_scrapy.web.facts.doctor import Found
from horses_scrapy.web.models.sources import SourceState
from horses_scrapy.web.models.status import Health, Refusals, Status, Todo
from horses_scrapy.web.watch import Beside

HEALTH: tuple[Health, ...] = ("ok", "degraded", "failing")
"""By the gravity of the worst finding."""


def status(reading: Reading, beside: Beside) -> Status:
    known = tracks.tracks(reading)
    by_source = sources.sources_of(reading, known.tracks, beside.counted).sources
    facts = doctor.Facts(
        tracks=known.tracks,
        faults=known.faults,
        scrapyd=services.scrapyd(beside.scrapyd),
        scheduler=services.scheduler(reading),
        outbox=services.outbox(reading, beside.grouped_s),
        last_hour=_last_hour(reading, by_source),
    )
    found = doctor.findings(facts)
    return Status(
        at=from_ms(reading.now_ms),
        state=HEALTH[max(one.gravity for one in found)],
        summary=[one.text for one in found],
        todo=_todo(found),
        database=services.database(reading),
        scrapyd=facts.scrapyd,
        scheduler=facts.scheduler,
        outbox=facts.outbox,
        last_hour=facts.last_hour,
        tracks=known.tracks,
        faults=known.faults,
        sources=by_source,
    )


def _last_hour(reading: Reading, by_source: Sequence[SourceState]) -> Refusals:
    return Refusals(
        rejected_items=rejected_items(reading.connection, reading.now_ms),
        store_errors=sum(each.last_hour.outcomes.get("store_error", 0) for each in by_source),
        failed_runs=sum(each.last_hour.failed for each in by_source),
    )


def _todo(found: Sequence[Found]) -> list[Todo]:
    """Each thing to do once."""
    return list({(one.about, one.text): one for each in found for one in each.todo}.values())
