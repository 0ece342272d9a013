"""What an alert says: one line for the console, and the details that its mail is made of."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from alerts.amounts import HUNDREDTHS
from alerts.evaluate import Firing, ScratchFiring
from alerts.history import minutes_to_post
from alerts.readings import Reading, points_gained
from alerts.rules import BoardRule, DropRule, PairRule, WinRule
from alerts.safe_header import clean
from horses_scrapy import money
from horses_scrapy.items import Market, Notation
from horses_scrapy.odds import LADDER, profit_per_1, show
from horses_scrapy.storage.alert_history import StatusChange
from horses_scrapy.storage.board_view import BoardView, RaceView, RunnerView

DEFAULT_MARKET: Market = "win_tote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What the mail shows of one alert. Times in epoch milliseconds; everything else is text as it is printed.

    race_number is None where the alert is about a track's source, not about a race.
    """

    track_key: str
    track_code: str
    track_name: str
    timezone: str
    race_date: str
    race_number: int | None
    post_time: int | None
    url: str
    source: str
    rule: str
    kind: str
    what: str  # `#5`, `exacta 3-5`
    who: str  # the horse or horses
    move: str  # `6-1 -> 3-1`, `scratched`
    condition: str  # `below 7-2`
    minutes: int | None
    pool: str | None
    points: str | None
    fetched_at: int
    source_time: int | None

    @property
    def race(self) -> str:
        return self.track_code if self.race_number is None else f"{self.track_code} R{self.race_number}"

    @property
    def to_post(self) -> str:
        return "" if self.minutes is None else f" ({self.minutes} MTP)"

    @property
    def text(self) -> str:
        told = f"{self.race} {self.what} {self.who} {self.move}{self.to_post} {self.condition}"
        return f"{' '.join(told.split())} [{self.kind}: {self.rule}]"

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def from_json(text: str) -> Detail:
    return Detail(**json.loads(text))


def of_board(firing: Firing, board: BoardView) -> Detail:
    rule, reading = firing.rule, firing.reading
    minutes = minutes_to_post(board.minutes_to_post, board.race.post_time, board.fetched_at)
    return Detail(
        **_race(board.race, board.source.name),
        rule=rule.name,
        kind=rule.kind,
        what=_what(firing),
        who=clean(" / ".join(filter(None, map(board.horses, reading.labels)))),
        move=_move(rule, reading, board),
        condition=_condition(rule, reading, board.source.notation),
        minutes=None if minutes is None else int(minutes),
        pool=_pool(rule, board),
        points=_points(rule, reading),
        fetched_at=board.fetched_at,
        source_time=board.source_time,
    )


def of_scratch(firing: ScratchFiring, runner: RunnerView, change: StatusChange, race: RaceView, source: str) -> Detail:
    minutes = minutes_to_post(None, race.post_time, change.at)
    return Detail(
        **_race(race, source),
        rule=firing.rule.name,
        kind=firing.rule.kind,
        what=f"#{clean(runner.program_number)}",
        who=clean(runner.horse),
        move="scratched",
        condition="late" if change.new == "late_scratch" else "",
        minutes=None if minutes is None else int(minutes),
        pool=None,
        points=None,
        fetched_at=change.at,
        source_time=None,
    )


def _race(race: RaceView, source: str) -> dict[str, Any]:
    return {
        "track_key": race.track_key,
        "track_code": clean(race.track_code),
        "track_name": clean(race.track_name),
        "timezone": race.timezone,
        "race_date": race.race_date,
        "race_number": race.race_number,
        "post_time": race.post_time,
        "url": race.url,
        "source": clean(source),
    }


def _what(firing: Firing) -> str:
    if isinstance(firing.rule, PairRule):
        return f"{firing.rule.bet_type} {clean(firing.identity.subject)}"
    market = firing.identity.market
    return f"#{clean(firing.identity.subject)}" + ("" if market == DEFAULT_MARKET else f" {market}")


def _move(rule: BoardRule, reading: Reading, board: BoardView) -> str:
    before = None if reading.before == reading.now else reading.before
    if isinstance(rule, PairRule):
        currency = board.grids[rule.bet_type].currency
        least = "+" if reading.capped else ""
        now = f"{units(reading.now, currency)}{least} {currency} for {whole(rule.base)}"
        return now if before is None else f"{units(before, currency)} -> {now}"
    notation = board.source.notation
    now = show(reading.now, notation) + ("+" if reading.capped else "")
    return now if before is None else f"{show(before, notation)} -> {now}"


def _condition(rule: BoardRule, reading: Reading, notation: Notation) -> str:
    if isinstance(rule, PairRule):
        return f"above {whole(rule.threshold.payout)}"
    if isinstance(rule, DropRule):
        return _dropped(rule, reading)
    if isinstance(rule, WinRule):
        return f"{'above' if rule.above else 'below'} {show_level(rule.threshold, notation)}"
    return ""


def _dropped(rule: DropRule, reading: Reading) -> str:
    unit = {"percent": "%", "points": " points"}
    asked = [
        f"{amount / 1000:g}{unit[name]}"
        for name, amount in (("percent", rule.percent), ("points", rule.points))
        if amount is not None
    ]
    since = "the open" if rule.against == "open" else "the last board"
    return f"down {reading.value / 1000:.1f}{unit[rule.measure]} from {since} (at least {', '.join(asked)})"


def _pool(rule: BoardRule, board: BoardView) -> str | None:
    pool = board.pools.get(rule.pool)
    return None if pool is None or pool.total is None else f"{money.shown(pool.total, pool.currency)} ({rule.pool})"


def _points(rule: BoardRule, reading: Reading) -> str | None:
    """Chance as 100/decimal, not normalised for takeout."""
    if isinstance(rule, PairRule):
        return None
    now = f"{100_000 / reading.now:.1f}"
    if reading.before is None:
        return now
    return f"{100_000 / reading.before:.1f} -> {now} ({points_gained(reading.before, reading.now) / 1000:+.1f})"


def show_level(price: int, notation: Notation) -> str:
    """A threshold in a source's notation; one between two rungs of a board as profit per 1, for no board shows it."""
    if notation == "decimal" or price in LADDER:
        return show(price, notation)
    return f"{profit_per_1(price):g}"


def units(hundredths: int, currency: str) -> str:
    """A rule's amount with the digits that the currency has, cut off: `1,234.50`, in yen `1,234`."""
    return money.figure(hundredths * money.minor_units(currency) // HUNDREDTHS, currency)


def whole(hundredths: int) -> str:
    """As a rule file writes it: `2`, `1,500.50`."""
    units, rest = divmod(hundredths, HUNDREDTHS)
    return f"{units:,}.{rest:02d}".removesuffix(".00")
