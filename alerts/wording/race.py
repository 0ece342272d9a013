"""What alerts about what happens on a card say."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from alerts.events import EventFiring, Happening, told_post
from alerts.safe_header import clean
from alerts.wording.detail import Words
from horses_scrapy.clock import from_ms
from horses_scrapy.items import OUT
from horses_scrapy.storage.board_view import RunnerView


def scratched(firing: EventFiring) -> Words:
    happening = firing.happening
    runner = _runner(happening)
    condition = "late" if happening.change.new == "late_scratch" else ""
    return Words(
        what=_number(runner),
        who=clean(runner.horse),
        move="scratched",
        condition=condition,
        notes=tuple(_still_running(runner, happening.runners)),
    )


def _still_running(out: RunnerView, runners: tuple[RunnerView, ...]) -> Iterator[str]:
    """A coupled entry stands while one of its parts runs: nothing is refunded."""
    parts = [each for each in runners if each.label == out.label and each.status not in OUT]
    if parts:
        names = " and ".join(f"{clean(each.program_number)} {clean(each.horse)}" for each in parts)
        yield f"Coupled entry {clean(out.label)} still runs with {names}: bets on it stand"


def jockey(firing: EventFiring) -> Words:
    runner, change = _runner(firing.happening), firing.happening.change
    return Words(
        what=_number(runner),
        who=clean(runner.horse),
        move=f"jockey {clean(change.old or '')} -> {clean(change.new or '')}",
    )


def post_time(firing: EventFiring) -> Words:
    happening = firing.happening
    told, post = told_post(happening, firing.old), happening.race.post_time
    assert told is not None
    assert post is not None
    minutes = abs(post - told) / 60_000
    return Words(
        what="post",
        move=f"{_local(told, happening)} -> {_local(post, happening, '%H:%M %Z')}",
        condition=f"{minutes:g} min {'later' if post > told else 'earlier'}",
    )


def status(firing: EventFiring) -> Words:
    change = firing.happening.change
    return Words(what="race", move=clean(change.new or ""), condition=f"was {clean(change.old or '')}")


def off_turf(firing: EventFiring) -> Words:
    return Words(what="race", move="off the turf", condition=f"now on {clean(firing.happening.change.new or '')}")


def _runner(happening: Happening) -> RunnerView:
    assert happening.runner is not None
    return happening.runner


def _number(runner: RunnerView) -> str:
    return f"#{clean(runner.program_number)}"


def _local(instant_ms: int, happening: Happening, form: str = "%H:%M") -> str:
    """At the track."""
    return from_ms(instant_ms).astimezone(ZoneInfo(happening.race.timezone)).strftime(form)
