"""How a track's crawls end. Pure."""

from collections.abc import Iterator

from alerts.reading.facts import MINUTE_MS, Finding, Here, Standing
from alerts.rules.base import THIRD
from alerts.rules.system import CrawlFailuresRule, ErrorBurstRule, FailureRateRule, OutcomeRule
from horses_scrapy.storage.runs import GOOD
from horses_scrapy.storage.system_facts import EndedRun, TrackFacts


def in_a_row(rule: CrawlFailuresRule, track: TrackFacts, _: Here) -> Iterator[Finding]:
    if not track.runs:
        return
    first_good = next((index for index, run in enumerate(track.runs) if is_good(run)), len(track.runs))
    bad = track.runs[: min(first_good, rule.count)]
    yield Finding(
        standing="breach" if len(bad) == rule.count else "between" if bad else "over",
        value=len(bad) * 1000,
        threshold=rule.count * 1000,
        at=track.runs[0].finished_at,
        told=tuple(how(run) for run in bad),
    )


def outcome(rule: OutcomeRule, track: TrackFacts, _: Here) -> Iterator[Finding]:
    if not track.runs:
        return
    newest = track.runs[0]
    for name in rule.outcomes:
        yield Finding(
            subject=name,
            standing="breach" if newest.outcome == name else "over" if is_good(newest) else "between",
            value=1000 if newest.outcome == name else 0,
            at=newest.finished_at,
            told=() if newest.reason is None else (newest.reason,),
        )


def failure_rate(rule: FailureRateRule, track: TrackFacts, here: Here) -> Iterator[Finding]:
    runs = _within(track, rule.minutes, here)
    if len(runs) < rule.crawls:
        return
    bad = [run for run in runs if not is_good(run)]
    yield _rising(
        len(bad) * 100_000 // len(runs),
        round(rule.percent * 1000),
        told=(f"{len(bad)} of {len(runs)}", *map(how, bad[:1])),
    )


def error_burst(rule: ErrorBurstRule, track: TrackFacts, here: Here) -> Iterator[Finding]:
    runs = _within(track, rule.minutes, here)
    if not runs:
        return
    wrong = [run for run in runs if run.reason is not None and run.errors + run.rejected]
    count = sum(run.errors + run.rejected for run in runs)
    yield _rising(count * 1000, rule.errors * 1000, told=tuple(map(how, wrong[:1])))


def _within(track: TrackFacts, minutes: float, here: Here) -> list[EndedRun]:
    return [run for run in track.runs if run.finished_at >= here.now_ms - minutes * MINUTE_MS]


def _rising(value: int, threshold: int, *, told: tuple[str, ...]) -> Finding:
    """In breach from the threshold on, over at two thirds of it."""
    over = value <= threshold * (THIRD - 1) // THIRD
    standing: Standing = "breach" if value >= threshold else "over" if over else "between"
    return Finding(standing=standing, value=value, threshold=threshold, told=told)


def is_good(run: EndedRun) -> bool:
    return run.outcome in GOOD


def how(run: EndedRun) -> str:
    """`blocked: HTTP 403 from ...`"""
    return run.outcome if run.reason is None else f"{run.outcome}: {run.reason}"
