"""Money of FanDuel Racing: pools in dollars, exacta probables."""

from collections.abc import Iterator

from horses_scrapy.errors import ParseError
from horses_scrapy.items import PairGrid, Pool, RaceItem
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pairs import PairForm, pair_grid
from horses_scrapy.sources.tvg_names import POOLS, STRAIGHT
from horses_scrapy.track_spider import Visit

EXACTA = "EX"


def pools(node: Json, interests: list[Json], currency: str) -> tuple[Pool, ...]:
    """Totals, and what lies on each interest in win, place and show.

    Amounts may fall a quarter short of their total, never exceed it but for rounding: else one of them is another pool's.
    """
    totals = _totals(node)
    found = [Pool(bet_type=POOLS[code], amount=amount, currency=currency) for code, amount in totals.items()]
    for code, bet_type in STRAIGHT.items():
        amounts = {
            str(interest["biNumber"].whole()): amount
            for interest in interests
            if (amount := _on_interest(interest, code)) is not None
        }
        _check_sum(code, amounts, totals, node)
        found += [
            Pool(bet_type=bet_type, amount=amount, currency=currency, label=label) for label, amount in amounts.items()
        ]
    return tuple(found)


def _totals(node: Json) -> dict[str, int]:
    totals: dict[str, int] = {}
    for pool in node.list_of("racePools"):
        code, amount = pool["wagerType"]["code"].text(), pool.get("amount")
        if code in POOLS and amount is not None:
            if code in totals:
                raise ParseError(f"{pool.path}: a second {code} pool")
            totals[code] = amount.cents()
    return totals


def _on_interest(interest: Json, code: str) -> int | None:
    found = [pool for pool in interest.list_of("biPools") if pool["wagerType"]["code"].text() == code]
    amounts = [amount for pool in found for amount in pool.list_of("poolRunnersData")]
    if len(amounts) > 1:
        raise ParseError(f"{found[0].path}: {len(amounts)} amounts in {code}, one is expected")
    amount = amounts[0].get("amount") if amounts else None
    return amount.cents() if amount is not None else None


def _check_sum(code: str, amounts: dict[str, int], totals: dict[str, int], node: Json) -> None:
    total, added = totals.get(code, 0), sum(amounts.values())
    if amounts and not total * 3 // 4 <= added <= total + 100 * len(amounts):
        raise ParseError(f"{node.path}: {code} amounts add up to {added} cents, the pool is {totals.get(code)}")


def exacta(node: Json, race: RaceItem, visit: Visit) -> tuple[PairGrid, ...]:
    """The matrix by interest. A pair with a scratched interest is left out, whatever is still printed for it."""
    found = [probable for probable in node.list_of("probables") if probable["wagerType"]["code"].text() == EXACTA]
    if not found:
        return ()
    if len(found) > 1:
        raise ParseError(f"{found[1].path}: a second exacta matrix")
    form = PairForm("exacta", base=found[0]["minWagerAmount"].cents(), first="row")
    cells: dict[tuple[str, str], int | None] = {}
    for pair, payout, where in _combos(found[0], race):
        if cells.setdefault(pair, payout) != payout:
            raise ParseError(f"{where}: {'-'.join(pair)} pays {cells[pair]} and {payout}")
    running = {entry.label for entry in race.entries if entry.status == "active"}
    cells = {pair: payout for pair, payout in cells.items() if running.issuperset(pair)}
    if all(payout is None for payout in cells.values()):
        return ()
    grid = pair_grid(form, cells, currency=visit.track.currency, fetched_at=visit.fetched_at, where=found[0].path)
    return (grid,)


def _combos(probable: Json, race: RaceItem) -> Iterator[tuple[tuple[str, str], int | None, str]]:
    """(first, second), pay-out, place. The page draws them as a list of rows: either form is read."""
    for element in probable["betCombos"].elements():
        for combo in element.elements() if isinstance(element.value, list) else [element]:
            payout = combo.get("payout")
            pair = (_label(combo["runner1"], race), _label(combo["runner2"], race))
            yield pair, None if payout is None or payout.cents() == 0 else payout.cents(), combo.path


def _label(runner: Json, race: RaceItem) -> str:
    """The interest of a runner, who is named by program number, as text or as a number."""
    number = runner.text() if isinstance(runner.value, str) else str(runner.whole())
    for entry in race.entries:
        if number in {entry.program_number, entry.label}:
            return entry.label
    raise ParseError(f"{runner.path}: {number[:10]!r} is no runner of the race")
