"""The money of a race: its pools, what they keep, and what they paid."""

from alerts.surroundings import Surroundings
from horses_scrapy.items import Market
from horses_scrapy.storage import will_pays as last_legs
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.race_boards import Teller
from horses_scrapy.storage.result_reader import result_view
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.one_source import rules_of
from horses_scrapy.web.models.base import in_units
from horses_scrapy.web.models.race import Finish, Payout, PoolTotal, Result, TakeoutRate

FAR = 2**62


def pools(board: BoardView | None) -> list[PoolTotal]:
    shown = {} if board is None else board.pools
    return [
        PoolTotal(
            bet_type=bet_type,
            total=None if pool.total is None else in_units(pool.total, pool.currency),
            currency=pool.currency,
        )
        for bet_type, pool in shown.items()
    ]


def takeouts(reading: Reading, market: Market | None, board: BoardView | None) -> list[TakeoutRate]:
    """Of the tote's pools that it shows."""
    if board is None or market != "win_tote":
        return []
    around = Surroundings(reading.settings.tracks, rules_of(reading).assumed_takeout)
    return [
        TakeoutRate(bet_type=bet_type, rate=told.rate, assumed=told.assumed)
        for bet_type, told in around.takeouts(board.race).items()
        if bet_type in board.pools or bet_type in board.grids
    ]


def result(reading: Reading, race_id: int) -> Result | None:
    found = result_view(reading.connection, race_id)
    if found is None:
        return None
    return Result(
        finishers=[
            Finish(position=one.position, program_number=one.program_number, horse=one.horse) for one in found.finishers
        ],
        payoffs=[_payout(one.bet_type, one.combination, one.base, one.payout, one.currency) for one in found.payoffs],
    )


def will_pays(reading: Reading, race_id: int, teller: Teller | None) -> list[Payout]:
    if teller is None:
        return []
    found = last_legs.as_of(reading.connection, race_id, teller.source_id, FAR)
    return [
        _payout(bet_type, combination, one.base, one.payout, one.currency)
        for (bet_type, combination), one in sorted(found.items())
        if one.base is not None and one.payout is not None and one.currency is not None
    ]


def _payout(bet_type: str, combination: str, base: int, payout: int, currency: str) -> Payout:
    return Payout(
        bet_type=bet_type,
        combination=combination,
        base=in_units(base, currency),
        payout=in_units(payout, currency),
        currency=currency,
    )
