"""What alerts about a price say."""

from alerts.evaluate import Firing
from alerts.reading import Reading
from alerts.rules.price import MoveRule, PriceRule, WinRule
from alerts.safe_header import clean
from alerts.wording.detail import Words
from alerts.wording.numbers import chance, percent, pool_total, show_level
from horses_scrapy.items import Market, Notation
from horses_scrapy.odds import show
from horses_scrapy.storage.board_view import BoardView

DEFAULT_MARKET: Market = "win_tote"


def level(firing: Firing, board: BoardView) -> Words:
    rule, notation = firing.rule, board.source.notation
    assert isinstance(rule, WinRule)
    return _words(firing, board, f"{'above' if rule.above else 'below'} {show_level(rule.threshold, notation)}")


def move(firing: Firing, board: BoardView) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, MoveRule)
    asked = [f"{percent(rule.percent).replace('.0%', '%')}"] if rule.percent is not None else []
    asked += [f"{rule.points / 1000:g} points"] if rule.points is not None else []
    by = percent(reading.value) if rule.measure == "percent" else f"{reading.value / 1000:.1f} points"
    since = "the open" if rule.against == "open" else "the last board"
    return _words(firing, board, f"down {by} from {since} (at least {', '.join(asked)})")


def _words(firing: Firing, board: BoardView, condition: str) -> Words:
    rule, reading = firing.rule, firing.reading
    assert isinstance(rule, PriceRule)
    market = "" if rule.market == DEFAULT_MARKET else f" {rule.market}"
    return Words(
        what=f"#{clean(firing.identity.subject)}{market}",
        who=clean(" / ".join(filter(None, map(board.horses, reading.labels)))),
        move=moved(reading, board.source.notation),
        condition=condition,
        pool=pool_total(board, rule.pool),
        points=chance(reading.before, reading.now),
        price=reading.now,
    )


def moved(reading: Reading, notation: Notation) -> str:
    before = None if reading.before == reading.now else reading.before
    now = show(reading.now, notation) + ("+" if reading.capped else "")
    return now if before is None else f"{show(before, notation)} -> {now}"
