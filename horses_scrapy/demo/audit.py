"""Everything that the demo stored, compared with what the synthetic tote's ledger says was on its boards."""

from collections.abc import Iterator

from sqlalchemy import Connection

from horses_scrapy import clock
from horses_scrapy.items import Market
from horses_scrapy.simulator.board import BASE, Board
from horses_scrapy.simulator.ledger import Ledger, RaceLedger
from horses_scrapy.storage import queries, report
from horses_scrapy.storage.board_view import BoardView

MARKET: Market = "win_tote"
STRAIGHT = ("win", "place", "show")


def differences(connection: Connection, ledger: Ledger, *, pairs: bool = True) -> list[str]:
    """One line for each stored price, pool, pair or final that is not what the tote showed.

    pairs: false where the site was told to lie about them.
    """
    found: list[str] = []
    for board_id in report.board_ids(connection):
        view = queries.board_view(connection, board_id)
        entry = ledger.race(view.race.race_number)
        found += [f"R{view.race.race_number} board {board_id}: {line}" for line in _of_board(view, entry, pairs)]
    return found


def _of_board(view: BoardView, entry: RaceLedger, pairs: bool) -> Iterator[str]:
    source_time = None if view.source_time is None else clock.from_ms(view.source_time)
    truth = None if source_time is None else entry.board_at(source_time)
    if truth is None:
        if any(shown.price is not None for shown in view.prices.values()):
            yield "prices before wagering opened"
        return
    if truth.at != source_time:
        yield f"odds as of {source_time}, the tote's board is of {truth.at}"
    yield from _prices(view, truth)
    yield from _pools(view, truth)
    if pairs and "no_pairs" not in view.flags:
        yield from _pairs(view, truth, entry)


def _prices(view: BoardView, truth: Board) -> Iterator[str]:
    for label in truth.race.labels:
        quote, shown = truth.quote(label), view.prices.get((MARKET, label))
        if shown is None or (shown.price, shown.status) != (quote.price, quote.status):
            yield f"interest {label}: stored {shown}, shown {quote}"


def _pools(view: BoardView, truth: Board) -> Iterator[str]:
    """Totals and the money on each interest; the exacta pool has a total only."""
    shown = {bet_type: dict(getattr(truth.pools, bet_type)) for bet_type in STRAIGHT}
    totals = {bet_type: sum(amounts.values()) for bet_type, amounts in shown.items()}
    totals["exacta"] = sum(truth.pools.exacta.values())
    for bet_type, total in totals.items():
        stored = view.pools.get(bet_type)
        if total and (stored is None or (stored.total, dict(stored.amounts)) != (total, shown.get(bet_type, {}))):
            yield f"{bet_type} pool: stored {stored}, shown {total}: {shown.get(bet_type)}"


def _pairs(view: BoardView, truth: Board, entry: RaceLedger) -> Iterator[str]:
    """The grid's page was asked for after the odds page, and answered before it was read: it may show any board between."""
    grid = view.grids.get("exacta")
    if grid is None:
        return
    newest = entry.board_at(clock.from_ms(grid.fetched_at))
    between = entry.boards[truth.number : truth.number + 1 if newest is None else newest.number + 1]
    if grid.base != BASE or all(dict(grid.payouts) != _payouts(board) for board in between):
        yield f"exacta grid of {len(grid.payouts)} pairs matches none of {len(between)} boards up to {grid.fetched_at}"


def _payouts(board: Board) -> dict[tuple[str, str], int]:
    probables = {pair: board.probable(pair) for pair in board.pools.exacta}
    return {pair: payout for pair, payout in probables.items() if payout is not None}


def finals(connection: Connection, ledger: Ledger) -> int:
    """Races whose last stored board shows the tote's final prices, with the official order and pay-offs beside it.

    One that was called off has neither: its last board says so.
    """
    boards = {number: report.last_board_id(connection, number) for number in ledger.races}
    return sum(is_final(connection, last, ledger.race(number)) for number, last in boards.items() if last is not None)


def is_final(connection: Connection, board_id: int, entry: RaceLedger) -> bool:
    view = queries.board_view(connection, board_id)
    if entry.race.times.cancelled_at is not None:
        return view.status == "cancelled" and not list(_prices(view, entry.final))
    final = view.source_time is not None and clock.from_ms(view.source_time) >= entry.final.at
    order = [runner.program_number for runner in entry.official]
    payoffs = {(each.bet_type, each.combination): each.payout for each in entry.payoffs}
    return (
        final
        and not list(_prices(view, entry.final))
        and report.official_order(connection, view.race.race_id) == order
        and report.payoffs(connection, view.race.race_id) == payoffs
    )
