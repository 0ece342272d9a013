"""Boards by hand in as few words as may be, and boards one after another with what pipelines/sanity.py would know of them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime

from horses_scrapy.checks import Context, Earlier, Runner, Standing
from horses_scrapy.checks import shown as read
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import Entry, OddsItem, PairGrid, PairPrice, Pool, Price, Source

AT = datetime(2026, 5, 2, 20, 0, tzinfo=UTC)
BOARD = Source("demo", "board", "display")
DECIMAL = Source("other", "decimal", "display")


def terms(takeout: float, breakage: float = 0.1, minimum: float = 1.05) -> PoolTerms:
    return PoolTerms(since=date(2000, 1, 1), takeout=takeout, breakage=breakage, minimum=minimum, origin="test")


def price(label, shown, market="win_tote") -> Price:
    """shown: thousandths, None, `SCR`, or `99+`."""
    if shown == "SCR":
        return Price(label=label, market=market, price=None, status="scratched")
    if shown == "99+":
        return Price(label=label, market=market, price=100_000, status="capped")
    return Price(label=label, market=market, price=shown)


def board(
    prices=None, *, source=DECIMAL, market="win_tote", pools=None, currency="USD", grids=(), **fields
) -> OddsItem:
    """prices: label -> as in `price`; pools: (bet type, label or None) -> minor units."""
    given = {"status": "open"} | fields
    return OddsItem(
        track="demo",
        race_date=AT.date(),
        race_number=1,
        source=source,
        url="http://127.0.0.1:1/1",
        fetched_at=AT,
        prices=tuple(price(label, shown, market) for label, shown in (prices or {}).items()),
        pools=tuple(
            Pool(bet_type=kind, amount=amount, currency=currency, label=label)
            for (kind, label), amount in (pools or {}).items()
        ),
        grids=tuple(grids),
        **given,
    )


def grid(cells, *, kind="exacta", base=200, cap=None, currency="USD") -> PairGrid:
    prices = tuple(PairPrice(first=a, second=b, payout=paid) for (a, b), paid in cells.items())
    return PairGrid(bet_type=kind, base=base, currency=currency, fetched_at=AT, prices=prices, cap=cap)


def entries(*labels, out=()) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            program_number=label, label=label, horse=f"Horse {label}", status="scratched" if label in out else "active"
        )
        for label in labels
    )


def earlier_of(boards: list[OddsItem]) -> Earlier | None:
    """Of all boards so far, the newest, and for its prices the total at the first board that showed them so."""
    if not boards:
        return None
    last = boards[-1]
    return Earlier(
        totals={pool.bet_type: pool.amount for pool in last.pools if pool.label is None},
        scratched=read.scratched(last),
        standing={kind: _standing(kind, boards) for kind in _cells(last)},
    )


def _standing(kind: str, boards: list[OddsItem]) -> Standing:
    cells = _cells(boards[-1])[kind]
    first = boards[-1]
    for board in reversed(boards):
        if _cells(board).get(kind) != cells:
            break
        first = board
    return Standing(read.total(first, kind), cells)


def _cells(board: OddsItem) -> dict[str, dict[tuple[str, ...], int]]:
    win = read.values(read.quoted(board, "win_tote"))
    grids = {grid.bet_type: {(cell.first, cell.second): cell.payout for cell in grid.prices} for grid in board.grids}
    return {"win": {(label,): price for label, price in win.items()}, **grids}


def follow(
    boards: Iterable[OddsItem], entries: Iterable[Entry] = (), terms: Mapping | None = None
) -> Iterator[tuple[OddsItem, Context]]:
    """Each board with its context; the card is the same all along, so that scratches show on the boards only."""
    runners = tuple(Runner(entry.label, entry.horse, entry.status) for entry in entries)
    seen: list[OddsItem] = []
    for board in boards:
        yield board, Context(terms=terms or {}, runners=runners, earlier=earlier_of(seen))
        seen.append(board)
