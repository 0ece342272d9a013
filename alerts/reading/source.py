"""What a track's source shows: boards that stay away, prices that stand still, fields that empty. Pure."""

from collections.abc import Iterator, Sequence
from statistics import median

from alerts.reading.facts import MINUTE_MS, Finding, Here
from alerts.rules.system import FrozenProbablesRule, SelectorHealthRule, StaleSourceRule
from horses_scrapy.storage.fill_rates import Filled
from horses_scrapy.storage.system_facts import RaceFacts, TrackFacts

FROZEN = "frozen"
"""The flag of the check of that name."""
BEFORE_THE_OFF = frozenset({"scheduled", "open"})
RUNS = 10
FEWEST_RUNS = 5
FEWEST_PLACES = 6
"""A field's fill is compared with the median of the last RUNS runs, of which there must be FEWEST_RUNS."""
RECOVERED = 10
"""Percent points above the told figure at which a field is sound again."""


def stale(rule: StaleSourceRule, track: TrackFacts, here: Here) -> Iterator[Finding]:
    """Between races only a fresh board tells something: that the source is back."""
    running = [race for race in track.races if race.status in BEFORE_THE_OFF]
    near = [race for race in running if _opens(rule, race) <= here.now_ms]
    first = min(near, key=lambda race: race.post_time, default=None)
    sound_at = max((race.sound_at for race in near or running if race.sound_at is not None), default=None)
    limit = round(rule.minutes * MINUTE_MS)
    fresh = sound_at is not None and here.now_ms - sound_at < limit
    if first is None and not fresh:
        return
    looked_for = _opens(rule, first) if sound_at is None and first is not None else sound_at
    assert looked_for is not None
    age = here.now_ms - max(looked_for, _first_chance(track, here))
    yield Finding(
        standing="over" if fresh else "breach" if age >= limit else "between",
        value=age * 1000 // MINUTE_MS,
        threshold=round(rule.minutes * 1000),
        at=sound_at,
        race=None if first is None else first.race_number,
    )


def _first_chance(track: TrackFacts, here: Here) -> int:
    """Until a crawl of ours has ended, an old board is not the source's fault: its age counts from our start."""
    since = here.facts.watching_since
    return 0 if any(run.finished_at >= since for run in track.runs) else since


def _opens(rule: StaleSourceRule, race: RaceFacts) -> int:
    return race.post_time - round(rule.before_post * MINUTE_MS)


def frozen(rule: FrozenProbablesRule, track: TrackFacts, _: Here) -> Iterator[Finding]:
    shown = [race for race in track.races if race.status in BEFORE_THE_OFF and race.flags]
    if not shown:
        return
    stands = {race: _still(race) for race in shown}
    worst = max(shown, key=lambda race: stands[race])
    count = stands[worst]
    yield Finding(
        standing="breach" if count >= rule.boards else "between" if count else "over",
        value=count * 1000,
        threshold=rule.boards * 1000,
        race=worst.race_number,
    )


def _still(race: RaceFacts) -> int:
    """Its newest boards in a row that carry the flag."""
    return next((index for index, flags in enumerate(race.flags) if FROZEN not in flags), len(race.flags))


def selector(rule: SelectorHealthRule, track: TrackFacts, here: Here) -> Iterator[Finding]:
    for filling in track.fillings:
        usual = usually(filling.now, filling.before)
        if usual is None:
            continue
        percent = filling.now.percent
        alerted = here.alerted.get(filling.field)
        back = alerted is None or percent * 1000 >= alerted + RECOVERED * 1000
        yield Finding(
            subject=filling.field,
            standing="breach" if usual - percent >= rule.points else "over" if back else "between",
            value=percent * 1000,
            threshold=round((usual - rule.points) * 1000),
            before=usual * 1000,
            told=(f"{filling.now.filled} of {filling.now.total}",),
        )


def usually(now: Filled, before: Sequence[Filled]) -> int | None:
    """Percent of a field's places that earlier runs filled; None where too little was seen to compare."""
    compared = before[:RUNS]
    if len(compared) < FEWEST_RUNS or now.total < FEWEST_PLACES:
        return None
    return round(median(earlier.percent for earlier in compared))
