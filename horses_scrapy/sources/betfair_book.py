"""One market of Betfair's listMarketBook: its state, its runners' states, prices and money.

`last` is the last price matched; `back` and `lay` the best on offer (a level of size 0 is no offer). Matched money is
in all and per runner; an offer's money is what stands at the best price.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import EntryStatus, Market, Pool, PoolType, Price
from horses_scrapy.sources.betfair_rpc import minor, quote, size
from horses_scrapy.sources.betfair_runner import selection_id
from horses_scrapy.sources.json_body import Json

RUNNER_STATUSES: dict[str, EntryStatus] = {
    "ACTIVE": "active", "WINNER": "active", "LOSER": "active", "PLACED": "active", "REMOVED": "scratched",
}  # fmt: skip
MARKET_STATUSES = {word: word for word in ("INACTIVE", "OPEN", "SUSPENDED", "CLOSED")}


@dataclass(frozen=True, slots=True)
class Bet:
    """The names of a market's figures here."""

    matched: PoolType
    last: Market
    back: Market
    lay: Market
    back_size: PoolType
    lay_size: PoolType


WIN = Bet("win", "win_last", "win_back", "win_lay", "win_back", "win_lay")
PLACE = Bet("place", "place_last", "place_back", "place_lay", "place_back", "place_lay")


@dataclass(frozen=True, slots=True)
class Offer:
    """The best price on one side, in thousandths, and the money that stands there, in units."""

    price: int
    size: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """A market with its runners by selection id. `off`: it is bet in running, or its starting prices are settled."""

    bet: Bet
    node: Json
    status: str
    off: bool
    runners: Mapping[int, Json]

    def out(self) -> set[int]:
        return {selection for selection, runner in self.runners.items() if _status(runner) == "scratched"}

    def winners(self) -> set[int]:
        return {selection for selection, runner in self.runners.items() if runner["status"].text() == "WINNER"}

    def prices(self, selection: int, label: str) -> Iterator[Price]:
        """Prices of a runner that is not out."""
        runner = self.runners[selection]
        back, lay = _offers(runner)
        last = quote(runner.get("lastPriceTraded")).price
        yield Price(label=label, market=self.bet.last, price=last)
        yield Price(label=label, market=self.bet.back, price=back.price if back is not None else None)
        yield Price(label=label, market=self.bet.lay, price=lay.price if lay is not None else None)

    def no_prices(self, label: str) -> Iterator[Price]:
        for market in (self.bet.last, self.bet.back, self.bet.lay):
            yield Price(label=label, market=market, price=odds.SCRATCHED.price, status=odds.SCRATCHED.status)

    def total(self, currency: str) -> Iterator[Pool]:
        matched = self.node.get("totalMatched")
        if matched is not None:
            yield Pool(bet_type=self.bet.matched, amount=minor(size(matched)), currency=currency)

    def pools(self, selection: int, label: str, currency: str) -> Iterator[Pool]:
        """Money on a runner that is not out."""
        runner = self.runners[selection]
        matched = runner.get("totalMatched")  # a delayed application key is not told it
        back, lay = _offers(runner)
        for bet_type, amount in (
            (self.bet.matched, size(matched) if matched is not None else None),
            (self.bet.back_size, back.size if back is not None else None),
            (self.bet.lay_size, lay.size if lay is not None else None),
        ):
            if amount is not None:
                yield Pool(bet_type=bet_type, amount=minor(amount), currency=currency, label=label)


def read_book(node: Json, bet: Bet) -> Book:
    """Raises ParseError where the runners are not as many as the market says."""
    status = node["status"].one_of(MARKET_STATUSES)
    off = node.flag("inplay") or node.flag("bspReconciled")
    listed = node["runners"].elements()
    runners = {selection_id(runner): runner for runner in listed}
    if len(runners) != len(listed):
        raise ParseError(f"{node.path}.runners: a selection is given twice")
    active = sum(runner["status"].text() == "ACTIVE" for runner in listed)
    _counted(node, "numberOfRunners", len(listed))
    if status != "CLOSED":
        _counted(node, "numberOfActiveRunners", active)
    return Book(bet, node, status, off, runners)


def _counted(node: Json, field: str, found: int) -> None:
    told = node.get(field)
    if told is not None and told.whole() != found:
        raise ParseError(f"{told.path}: {told.whole()}, but {found} are listed")


def _status(runner: Json) -> EntryStatus:
    return runner["status"].one_of(RUNNER_STATUSES)


def _offers(runner: Json) -> tuple[Offer | None, Offer | None]:
    """Best back and best lay. Who offers to back above the lay price would be matched: such a book is misread."""
    exchange = runner["ex"] if runner["status"].text() == "ACTIVE" else runner.get("ex")
    if exchange is None:
        return None, None
    backs = list(_levels(exchange["availableToBack"]))
    lays = list(_levels(exchange["availableToLay"]))
    back = max(backs, key=lambda offer: offer.price, default=None)
    lay = min(lays, key=lambda offer: offer.price, default=None)
    if back is not None and lay is not None and back.price >= lay.price:
        raise ParseError(f"{exchange.path}: back {back.price} is not below lay {lay.price}, in thousandths")
    return back, lay


def _levels(side: Json) -> Iterator[Offer]:
    for level in side.elements():
        price, amount = quote(level["price"]).price, size(level["size"])
        if price is None:
            raise ParseError(f"{level.path}.price: an offer without a price")
        if amount:
            yield Offer(price, amount)
