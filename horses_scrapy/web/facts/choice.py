"""Which source's board of a race is shown, which market of it, and the chances to win that it tells. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alerts.history import field_out
from alerts.reading.chances import Chances, win_chances
from horses_scrapy.items import Market, Source
from horses_scrapy.storage.board_view import BoardView, Shown
from horses_scrapy.storage.queries import LatestPrice
from horses_scrapy.storage.race_boards import Teller
from horses_scrapy.web.errors import NotThere

TO_WIN: tuple[Market, ...] = ("win_tote", "win_fixed", "win_back")
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose board is shown, and which market of it."""

    teller: Teller | None
    market: Market | None


def choice_of(found: Sequence[Teller], latest: Sequence[LatestPrice], source: str | None) -> Choice:
    """The source that is asked for; else the first with a price to win, the primary one before others. Raises NotThere."""
    if source is not None:
        teller = next((one for one in found if one.source.name == source), None)
        if teller is None:
            raise NotThere("that source of this race")
        return Choice(teller, market_shown(latest, teller))
    choices = [Choice(one, market_shown(latest, one)) for one in found]
    return next((one for one in choices if one.market is not None), choices[0] if choices else Choice(None, None))


def market_shown(latest: Sequence[LatestPrice], teller: Teller) -> Market | None:
    """The first to win that it has a price in, else the first that it names."""
    own = [one for one in latest if one.source == teller.source.name]
    priced = {one.market for one in own if one.price is not None}
    named = {one.market for one in own}
    return next((market for known in (priced, named) for market in TO_WIN if market in known), None)


def chances_of(market: Market | None, board: BoardView | None) -> Chances | str:
    if board is None or market is None:
        return "no board has shown a price yet"
    out = field_out(board.runners, board.prices)
    return win_chances(board if market == "win_tote" else _as_tote(board, market), out)


def _as_tote(board: BoardView, market: Market) -> BoardView:
    """Fixed prices in the tote's place: they are exact, and what was matched at an exchange is no pool."""
    prices: dict[tuple[Market, str], Shown] = {
        ("win_tote", label): shown for (kind, label), shown in board.prices.items() if kind == market
    }
    return replace(board, prices=prices, pools={}, source=Source(board.source.name, board.source.notation, "pool"))
