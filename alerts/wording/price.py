"""What alerts about a price say."""

from alerts.evaluate import Firing
from alerts.reading import Reading
from alerts.rules.price import MoveRule, OverlayRule, PriceRule, SteamRule, WinRule
from alerts.safe_header import clean
from alerts.wording.basis import meaning
from alerts.wording.detail import Words
from alerts.wording.numbers import chance, percent, points, pool_total, show_level
from horses_scrapy.items import Market, Notation
from horses_scrapy.odds import LADDER, show
from horses_scrapy.storage.board_view import BoardView

DEFAULT_MARKET: Market = "win_tote"


def level(firing: Firing, board: BoardView) -> Words:
    rule, notation = firing.rule, board.source.notation
    assert isinstance(rule, WinRule)
    return _words(firing, board, f"{'above' if rule.above else 'below'} {show_level(rule.threshold, notation)}")


def move(firing: Firing, board: BoardView) -> Words:
    """Percent are of the odds, points of the chance to win: when the odds fall the chance rises."""
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, MoveRule)
    falls = (rule.sign < 0) == (reading.value >= 0)
    if rule.measure == "percent":
        by = f"{'down' if falls else 'up'} {percent(abs(reading.value))}"
    else:
        by = f"chance {'up' if falls else 'down'} {points(abs(reading.value))} points"
    notes = (
        ("the morning line is the track handicapper's guess; a scratch does not rebase it",)
        if rule.against == "morning_line"
        else ()
    )
    return _words(firing, board, f"{by} {reading.note} (at least {_asked(rule, reading)})", notes)


def _asked(rule: MoveRule, reading: Reading) -> str:
    """`30%`, `5 points` or both; of bands, the percent of the one that holds the price."""
    limit = rule.limit if reading.limit is None else reading.limit
    asked = [f"{limit.threshold / 1000:g}%"] if rule.measure == "percent" else []
    asked += [f"{rule.points / 1000:g} points"] if rule.points is not None else []
    return ", ".join(asked)


def steam(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, SteamRule)
    by = f"{'up' if reading.value >= 0 else 'down'} {points(abs(reading.value))} points"
    return _words(firing, board, f"steam: {by} {reading.note} (at least {rule.points / 1000:g})")


def overlay(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, OverlayRule)
    assert reading.against is not None
    line = show_level(reading.against, board.source.notation)
    own = rule.kind == "overlay_vs_line"
    by = f"{percent(abs(reading.value))} {'over' if reading.value >= 0 else 'under'}"
    note = f"your line {line}" if own else f"morning line {line}, the track handicapper's guess, no fair price"
    condition = f"{by} {'your' if own else 'the morning'} line {line} (at least {rule.percent / 1000:g}%)"
    return _words(firing, board, condition, (note,))


def _words(firing: Firing, board: BoardView, condition: str, notes: tuple[str, ...] = ()) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, PriceRule)
    market = "" if rule.market == DEFAULT_MARKET else f" {rule.market}"
    return Words(
        what=f"#{clean(firing.identity.subject)}{market}",
        who=clean(" / ".join(filter(None, map(board.horses, reading.labels)))),
        move=moved(reading, board.source.notation),
        condition=condition,
        pool=pool_total(board, rule.pool),
        points=_points(reading, board.source.notation),
        price=reading.now,
        notes=(meaning(board, rule.market, reading.now, capped=reading.capped), *notes),
    )


def _points(reading: Reading, notation: Notation) -> str | None:
    """Nothing is computed to a capped price, nor from one: a board's 99 is a floor."""
    if reading.capped:
        return None
    floor = notation == "board" and reading.before is not None and reading.before >= LADDER[-1]
    return chance(None if floor else reading.before, reading.now)


def moved(reading: Reading, notation: Notation) -> str:
    before = None if reading.before == reading.now else reading.before
    now = show(reading.now, notation) + ("+" if reading.capped else "")
    return now if before is None else f"{show(before, notation)} -> {now}"
