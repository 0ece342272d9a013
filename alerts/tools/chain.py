"""What a rule made of one subject, board after board, with equal outcomes told once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from alerts.limits import Limit
from alerts.reading import Judgement, Reading
from alerts.rules import BoardRule, Rule
from alerts.rules.pair import PayoutRule
from alerts.tools.times import clock_time
from alerts.wording.numbers import percent, show_level, whole
from horses_scrapy.items import Notation
from horses_scrapy.storage.alert_reader import Moment

TOLD = frozenset({"fired", "further", "repeated"})
MOVED = TOLD | {"pending", "holding", "resolved"}
"""Steps of a subject that was beyond the threshold at some time."""
UNSEEN = "not judged"


@dataclass(frozen=True, slots=True)
class Noted:
    """What one board or change did to one subject of a rule, or to the whole rule."""

    moment: Moment
    judgement: Judgement

    @property
    def outcome(self) -> tuple[bool, str, str, bool]:
        """What must be equal to be told once: numbers within a reason may differ."""
        told = self.judgement
        confirmed = told.reading is None or told.reading.confirmed
        return self.moment.is_board, told.step, re.sub(r"\d[\d.,]*", "#", told.reason), confirmed


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers and times are shown: in the source's notation, at the track."""

    notation: Notation
    zone: str

    def value(self, rule: BoardRule, value: int) -> str:
        match rule.unit:
            case "price":
                return show_level(value, self.notation)
            case "percent":
                return percent(value)
            case "points":
                return f"{value / 1000:.1f} points"
            case _:
                return whole(value) + (f" for {whole(rule.base)}" if isinstance(rule, PayoutRule) else "")

    def threshold(self, rule: BoardRule, limit: Limit) -> str:
        side = ">" if limit.sign > 0 else "<"
        return f"{side}{'=' if limit.inclusive else ''} {self.value(rule, limit.threshold)}"


def lines(rule: Rule | None, noted: Sequence[Noted], style: Style) -> list[str]:
    """`16:02-16:54  52 boards  skipped: outside its window: 58 MTP, at last 7 MTP`; a run of equal outcomes each."""
    runs = [list(run) for _, run in groupby(noted, key=lambda one: one.outcome)]
    return [f"{_when(run, style)}  {_how_many(run):>10}  {_what(rule, run, style)}" for run in runs]


def _when(run: Sequence[Noted], style: Style) -> str:
    first, last = (clock_time(one.moment.at, style.zone) for one in (run[0], run[-1]))
    return f"{first}-{last}" if len(run) > 1 else f"{first:<11}"


def _how_many(run: Sequence[Noted]) -> str:
    kind = "board" if run[0].moment.is_board else "change"
    return f"{len(run)} {kind}{'s' if len(run) > 1 else ''}"


def _what(rule: Rule | None, run: Sequence[Noted], style: Style) -> str:
    step = run[0].judgement.step
    readings = [one.judgement.reading for one in run if one.judgement.reading is not None]
    if not readings or not isinstance(rule, BoardRule):
        reason = _reasons(run)
        step = "no alert" if step == "not crossed" else step
        return f"{step}: {reason}" if reason else step
    values = _values(rule, readings, style)
    limit = limit_of(rule, readings[-1])
    match step:
        case "not crossed":
            short = not readings[-1].confirmed and limit.breached(readings[-1].value)
            return (
                f"{'points too few' if short else 'not crossed'}: {values} (threshold {style.threshold(rule, limit)})"
            )
        case "pending":
            return f"pending {len(run)} of {limit.boards}: {values}"
        case "holding":
            return f"holding: {values} (told; re-arms at {style.value(rule, limit.rearm)})"
        case "resolved":
            return f"re-armed: {values}"
        case _:
            return f"{step}: {values}"


def limit_of(rule: BoardRule, reading: Reading) -> Limit:
    return rule.limit if reading.limit is None else reading.limit


def _values(rule: BoardRule, readings: Sequence[Reading], style: Style) -> str:
    least, most = min(one.value for one in readings), max(one.value for one in readings)
    last = style.value(rule, readings[-1].value)
    if least == most:
        return last
    between = f"{style.value(rule, least)} to {style.value(rule, most)}"
    return f"{between}, at last {last}" if readings[-1].value not in {least, most} or len(readings) > 2 else between


def _reasons(run: Sequence[Noted]) -> str:
    first, last = run[0].judgement.reason, run[-1].judgement.reason
    return first if first == last else f"{first}, at last {last.rpartition(': ')[2]}"
