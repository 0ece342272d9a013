"""What is wrong, in a sentence each, and what to do about it: docs/runbook.md in short. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from horses_scrapy.storage.runs import GOOD
from horses_scrapy.web.filters import age
from horses_scrapy.web.models.status import Outbox, Refusals, Scheduler, Scrapyd, Service, Todo
from horses_scrapy.web.models.tracks import TrackState

WELL, DEGRADED, FAILING = 0, 1, 2

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "empty": "Look at the page: if it stays empty, its address has changed.",
        "blocked": "Stop asking and read the site's terms; slow down, or disable the track.",
        "unavailable": "Wait: the site does not answer, and is asked again at the next slot.",
        "timeout": "Wait: the site is slow. With NoTurn as the reason, poll fewer tracks or more slowly.",
        "parse_error": "Compare the page with the source's parse functions in scrapy shell, and see rejected_item.",
        "store_error": "Is the disk full? Read the crawl's log.",
        "memory": "See whether the page is far too long; else raise scrapyd.memory_limit.",
        "lost": "Read the job's log: it ran too long and was killed, or it died.",
    }
)
"""For each outcome of a crawl that needs somebody."""
SCRAPYD = "Start scripts/run_scrapyd.py with the scheduler's SCRAPYD_PASSWORD: without scrapyd nothing is polled."
SCRAPYD_PART = "Start the scrapyd that does not answer; the others take its jobs meanwhile."
SCHEDULER = "Start scripts/scheduler.py, or see in its log why it does not look; until then nothing new is polled."
OVERDUE = "Does scrapyd answer? Then read the scheduler's log."
OUTBOX = "Start scripts/mailer.py, and read its log."
DEAD = "See why with scripts/alertctl.py outbox."
SILENT = "Does scrapyd run, and the scheduler? Read the track's newest crawl log."
INCOMPLETE = "See the reason of the track's newest run, and compare the page with the source's parse functions."
CONFIGURATION = "Mend the block (scripts/config.py check), then send the scheduler SIGHUP and restart this server."
REJECTED = "See table rejected_item: a source may print something new."


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    tracks: Sequence[TrackState]
    faults: Sequence[str]
    scrapyd: Scrapyd
    scheduler: Scheduler
    outbox: Outbox
    last_hour: Refusals


@dataclass(frozen=True, slots=True)
class Found:
    """gravity: WELL to FAILING."""

    gravity: int
    text: str
    todo: tuple[Todo, ...] = ()


def findings(facts: Facts) -> list[Found]:
    """The worst first; never none."""
    found = [
        *_service("The scheduler", facts.scheduler, OVERDUE if facts.scheduler.overdue else SCHEDULER),
        *_service("scrapyd", facts.scrapyd, SCRAPYD if facts.scrapyd.state == "fail" else SCRAPYD_PART),
        *_tracks(facts.tracks),
        *_service("The outbox", facts.outbox, DEAD if facts.outbox.state == "warn" and facts.outbox.dead else OUTBOX),
        *_configuration(facts.faults),
        *_last_hour(facts.last_hour),
    ]
    return sorted(found, key=lambda one: -one.gravity)


def _service(name: str, service: Service, todo: str) -> Iterator[Found]:
    if service.state != "ok":
        told = service.text if service.text.startswith(name) else f"{name}: {service.text}"
        gravity = FAILING if service.state == "fail" else DEGRADED
        yield Found(gravity, told if told.endswith("?") else f"{told}.", (Todo(about=name, text=todo),))


def _tracks(tracks: Sequence[TrackState]) -> Iterator[Found]:
    """One sentence of all that race, then what fails elsewhere."""
    racing = [track for track in tracks if track.enabled and track.freshness.state != "idle"]
    stale = [track for track in racing if track.freshness.degraded]
    yield _racing(racing, stale, watched=sum(track.enabled for track in tracks))
    for track in tracks:
        if track.state == "degraded" and track not in stale:
            yield Found(DEGRADED, f"{track.key}: {_why(track)}.", (_todo(track),))


def _racing(racing: Sequence[TrackState], stale: Sequence[TrackState], watched: int) -> Found:
    if not watched:
        return Found(DEGRADED, "No track is watched.", (Todo(about="tracks.yaml", text="Enable a track."),))
    if not racing:
        return Found(WELL, f"No track races now; {watched} {'is' if watched == 1 else 'are'} watched.")
    told = f"{len(racing) - len(stale)} of {len(racing)} tracks fresh"
    if not stale:
        return Found(WELL, f"{told}.")
    gravity = FAILING if len(stale) == len(racing) else DEGRADED
    return Found(gravity, "; ".join((told, *map(_stale, stale))) + ".", tuple(map(_todo, stale)))


def _stale(track: TrackState) -> str:
    """`sha_tin stale for 6 min: the last crawl ended with blocked`."""
    since = track.freshness.age_seconds
    told = f"{track.key} has no board yet" if since is None else f"{track.key} stale for {age(since)}"
    failures = f", {track.failures_in_a_row} failed in a row" if track.failures_in_a_row > 1 else ""
    return told if track.freshness.reason is None else f"{told}: {track.freshness.reason}{failures}"


def _why(track: TrackState) -> str:
    failures = f", {track.failures_in_a_row} failed in a row" if track.failures_in_a_row > 1 else ""
    return f"{track.reason}{failures}"


def _todo(track: TrackState) -> Todo:
    outcome = None if track.last_run is None or track.last_run.outcome in GOOD else track.last_run.outcome
    if outcome is not None:
        return Todo(about=track.key, text=OUTCOMES[outcome])
    return Todo(about=track.key, text=SILENT if track.freshness.degraded else INCOMPLETE)


def _configuration(faults: Sequence[str]) -> Iterator[Found]:
    if faults:
        told = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        todo = tuple(Todo(about=fault.split(": ")[0], text=CONFIGURATION) for fault in faults)
        yield Found(DEGRADED, f"tracks.yaml has {told}, whose blocks are not watched.", todo)


def _last_hour(refused: Refusals) -> Iterator[Found]:
    if refused.store_errors:
        todo = (Todo(about="The database", text=OUTCOMES["store_error"]),)
        yield Found(DEGRADED, f"The database refused {_number(refused.store_errors, 'crawl')} in the last hour.", todo)
    if refused.rejected_items:
        todo = (Todo(about="Rejected items", text=REJECTED),)
        yield Found(WELL, f"{_number(refused.rejected_items, 'item')} rejected in the last hour.", todo)


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
