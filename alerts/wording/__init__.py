"""Alerts in words: the race around them here, what each kind of rule says in the file of its family."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from alerts.evaluate import Firing
from alerts.events import EventFiring
from alerts.history import History, minutes_to_post
from alerts.rules import BoardRule, EventRule
from alerts.rules.pair import CrossPoolRule, ExactaOverlayRule, PayoutRule
from alerts.rules.price import MoveRule, OverlayRule, PriceRule, SteamRule, WinDecimalRule, WinOddsRule
from alerts.rules.race import (
    JockeyRule,
    LargeBetRule,
    OffTurfRule,
    PoolAboveRule,
    PostTimeRule,
    RaceStatusRule,
    ResultRule,
    ScratchRule,
)
from alerts.safe_header import clean
from alerts.wording import pair, pool, price, race, result
from alerts.wording.detail import Detail, Words, from_json
from horses_scrapy.storage.board_view import BoardView, RaceView

__all__ = ["Detail", "Words", "from_json", "of_board", "of_event"]

BOARD_WORDS: Mapping[type[BoardRule], Callable[[Firing, BoardView], Words]] = MappingProxyType(
    {
        WinOddsRule: price.level,
        WinDecimalRule: price.level,
        MoveRule: price.move,
        SteamRule: price.steam,
        OverlayRule: price.overlay,
        PoolAboveRule: pool.total,
        LargeBetRule: pool.bet,
        PayoutRule: pair.level,
        ExactaOverlayRule: pair.overlay,
        CrossPoolRule: pair.crossing,
    }
)
EVENT_WORDS: Mapping[type[EventRule], Callable[[EventFiring], Words]] = MappingProxyType(
    {
        ScratchRule: race.scratched,
        JockeyRule: race.jockey,
        PostTimeRule: race.post_time,
        RaceStatusRule: race.status,
        OffTurfRule: race.off_turf,
        ResultRule: result.official,
    }
)


def of_board(firing: Firing, board: BoardView, history: History, expected: str | None = None) -> Detail:
    """`expected`: where the price is likely to end (storage.drift), as it is printed."""
    words = BOARD_WORDS[type(firing.rule)](firing, board)
    minutes = minutes_to_post(board.minutes_to_post, board.race.post_time, board.fetched_at)
    return Detail(
        **_of_race(board.race, board.source.name),
        **_of_words(words),
        rule=firing.rule.name,
        kind=firing.rule.kind,
        severity=firing.rule.severity,
        event=firing.event,
        minutes=None if minutes is None else int(minutes),
        basis=None if words.price is None else board.source.basis,
        notation=board.source.notation,
        path=path(firing, board, history),
        expected=expected,
        fetched_at=board.fetched_at,
        source_time=board.source_time,
    )


def of_event(firing: EventFiring) -> Detail:
    happening = firing.happening
    words = EVENT_WORDS[type(firing.rule)](firing)
    minutes = minutes_to_post(None, happening.race.post_time, happening.change.at)
    return Detail(
        **_of_race(happening.race, happening.source),
        **_of_words(words),
        rule=firing.rule.name,
        kind=firing.rule.kind,
        severity=firing.rule.severity,
        event="fired",
        minutes=None if minutes is None or isinstance(firing.rule, ResultRule) else int(minutes),
        basis=None,
        notation=None,
        path=words.path,
        expected=None,
        fetched_at=happening.change.at,
        source_time=None,
    )


def path(firing: Firing, board: BoardView, history: History) -> tuple[tuple[int, int], ...]:
    """What the interest's price was, board by board; nothing for alerts that are about no single price."""
    labels = firing.reading.labels
    market = firing.rule.market if isinstance(firing.rule, PriceRule) else price.DEFAULT_MARKET
    if len(labels) != 1:
        return ()
    seen = [(earlier.fetched_at, earlier.prices.get((market, labels[0]))) for earlier in history.boards]
    seen.append((board.fetched_at, board.prices.get((market, labels[0]))))
    return tuple((at, shown.price) for at, shown in seen if shown is not None and shown.price is not None)


def _of_words(words: Words) -> dict[str, Any]:
    return {name: getattr(words, name) for name in ("what", "who", "move", "condition", "pool", "points", "notes")}


def _of_race(view: RaceView, source: str) -> dict[str, Any]:
    return {
        "track_key": view.track_key,
        "track_code": clean(view.track_code),
        "track_name": clean(view.track_name),
        "timezone": view.timezone,
        "race_date": view.race_date,
        "race_number": view.race_number,
        "post_time": view.post_time,
        "url": view.url,
        "source": clean(source),
    }
