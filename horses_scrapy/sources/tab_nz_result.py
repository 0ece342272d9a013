"""How a race of TAB New Zealand ended: order of finish, final dividends."""

from horses_scrapy.errors import ParseError
from horses_scrapy.items import BetType, Entry, Finisher, Payoff
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.tab_nz_names import CURRENCY, UNIT, number

DIVIDENDS: dict[str, BetType] = {
    "Pool Win": "win", "Pool Place": "place", "Pool Quinella": "quinella", "Pool Trifecta": "trifecta",
    "Pool First4": "superfecta",
}  # fmt: skip


def finishers(data: Json, entries: tuple[Entry, ...]) -> tuple[Finisher, ...]:
    """The order of finish; a horse without a position did not finish. Number and name must be those of one runner."""
    names = {entry.program_number: entry.horse for entry in entries}
    found = []
    for result in data.list_of("results"):
        runner, position = str(number(result)), result["position"].whole()
        if runner not in names:
            raise ParseError(f"{result.path}.runner_number: {runner} is no runner of this race")
        if result["name"].text().casefold() != names[runner].casefold():
            raise ParseError(f"{result.path}.name: {result['name'].text()} is not runner {runner}")
        if position > 0:
            found.append(Finisher(position=position, program_number=runner))
    return tuple(sorted(found, key=lambda finisher: finisher.position))


def payoffs(data: Json, numbers: frozenset[str]) -> tuple[Payoff, ...]:
    """Declared dividends for 1 dollar. Each comes twice, Interim and Final, and only Final is paid."""
    found = []
    for dividend in data.list_of("dividends"):
        bet_type = DIVIDENDS.get(dividend["product_name"].text())
        if bet_type is not None and dividend["status"].text() == "Final":
            combination = _combination(dividend, numbers, ordered=bet_type != "quinella")
            payout = dividend["dividend"].cents()
            found.append(
                Payoff(bet_type=bet_type, combination=combination, base=UNIT, payout=payout, currency=CURRENCY)
            )
    return tuple(found)


def _combination(dividend: Json, numbers: frozenset[str], *, ordered: bool) -> str:
    placed = [(position["position"].whole(), number(position)) for position in dividend["positions"].elements()]
    runners = [runner for _, runner in sorted(placed)] if ordered else sorted(runner for _, runner in placed)
    if not runners:
        raise ParseError(f"{dividend.path}.positions: no runner")
    strangers = [runner for runner in runners if str(runner) not in numbers]
    if strangers:
        raise ParseError(f"{dividend.path}.positions: {strangers[0]} is no runner of this race")
    return "-".join(map(str, runners))
