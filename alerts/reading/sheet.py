"""One board spread out for the rules that read it: what several of them need is worked out once. Pure."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

from alerts.amounts import HUNDREDTHS
from alerts.history import Glimpse, History, glimpse
from alerts.reading.reading import Reading
from alerts.reading.scope import asked, facts_of, in_window
from alerts.rules import BoardRule, RaceRule, Scope
from horses_scrapy.items import Market
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import BoardView, GridView, Money, RunnerView, Shown

Labels = tuple[str, ...]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one board did to one subject of a rule, or to the whole rule (subject None), and why; rule "": to every rule.

    step: as in limits.Step, or `skipped` where the subject could not be judged: then its state stays.
    """

    rule: str
    subject: str | None
    step: str
    reason: str
    reading: Reading | None = None


Witness = Callable[[Judgement], None]


@dataclass(frozen=True, slots=True)
class Paid:
    """Hundredths of a unit for a base. At the source's cap it is a floor, and no pay-out to compare with."""

    amount: int
    capped: bool


class Sheet:
    """A board with what is known around it. `witness` is told why subjects are left out; None where nobody asks."""

    def __init__(self, board: BoardView, history: History, stale_after_ms: int, witness: Witness | None = None) -> None:
        self.board = board
        self.history = history
        self.stale_after_ms = stale_after_ms
        self.here: Glimpse = glimpse(board, stale_after_ms)
        self._witness = witness
        self._scopes: dict[str, frozenset[str] | None] = {}
        self._once: dict[Hashable, object] = {}

    def unread(self, reason: str) -> None:
        """No rule reads the board."""
        if self._witness is not None:
            self._witness(Judgement("", None, "skipped", reason))

    def skip(self, rule: BoardRule, subject: str | None, reason: str) -> None:
        if self._witness is not None:
            self._witness(Judgement(rule.name, subject, "skipped", reason))

    def tell(self, rule: BoardRule, step: str, reading: Reading) -> None:
        if self._witness is not None:
            self._witness(Judgement(rule.name, reading.subject, step, "", reading))

    def once(self, what: Hashable, work: Callable[[], Found]) -> Found:
        """What several rules ask of the same board, worked out when the first one asks."""
        if what not in self._once:
            self._once[what] = work()
        return cast("Found", self._once[what])

    def quoted(self, market: Market) -> list[tuple[str, Shown, int]]:
        """(label, shown, price) of the interests that run and have a price, in program order."""
        return self.once(("quoted", market), lambda: quoted(self.here, market))

    def before(self, market: Market, label: str) -> int | None:
        """The price that the newest earlier board showed."""
        for earlier in reversed(self.history.boards):
            shown = earlier.prices.get((market, label))
            if shown is not None and shown.price is not None:
                return shown.price
        return None

    @cached_property
    def same_field(self) -> list[Glimpse]:
        """Boards since the last scratch, oldest first: refunds move every price, so older ones compare with nothing."""
        field: list[Glimpse] = []
        for earlier in reversed(self.history.boards):
            if earlier.scratched != self.here.scratched:
                break
            field.append(earlier)
        return field[::-1]

    def payouts(self, bet_type: str, base: int) -> dict[Labels, Paid]:
        """What pairs pay now for `base` (hundredths of a unit); scratched ones are left out."""
        return self.once(("payouts", bet_type, base), lambda: payouts(self.board, bet_type, base, self.here.scratched))

    def earlier_payouts(self, bet_type: str, base: int) -> dict[Labels, Paid]:
        """Those of the board before."""
        previous = self.history.previous
        if previous is None:
            return {}
        return self.once(("earlier", bet_type, base), lambda: payouts(previous, bet_type, base, frozenset()))

    def wants(self, rule: RaceRule, labels: Labels) -> bool:
        """Whether the rule's scope holds one of the horses behind the labels."""
        wanted = self.wanted(rule)
        return wanted is None or not wanted.isdisjoint(labels)

    def wanted(self, rule: RaceRule) -> frozenset[str] | None:
        """Labels of the interests that have a horse within the rule's scope; None where it asks for no horses."""
        if rule.name not in self._scopes:
            self._scopes[rule.name] = self._wanted(rule.scope) if rule.scope.of_runners else None
        return self._scopes[rule.name]

    def _wanted(self, scope: Scope) -> frozenset[str]:
        """Labels of the interests that have a horse within the scope."""
        watched = self.history.watched.get(scope.watchlist or "", frozenset())
        return frozenset(
            runner.label for runner, facts in self._runner_facts if asked(scope, runner.program_number, facts, watched)
        )

    @cached_property
    def _runner_facts(self) -> list[tuple[RunnerView, dict[str, str]]]:
        return [(runner, facts_of(runner, self.board.race)) for runner in self.board.runners]


def quoted(at: Glimpse, market: Market) -> list[tuple[str, Shown, int]]:
    found = [
        (label, shown, shown.price)
        for (where, label), shown in at.prices.items()
        if where == market and label not in at.scratched and shown.price is not None
    ]
    return sorted(found, key=lambda item: program_order(item[0]))


def payouts(board: Money, bet_type: str, base: int, scratched: frozenset[str]) -> dict[Labels, Paid]:
    """A quinella pair in program order, whichever way the source writes it."""
    grid = board.grids.get(bet_type)
    if grid is None:
        return {}
    ordered = bet_type == "exacta"
    return {
        pair if ordered else tuple(sorted(pair, key=program_order)): _paid(payout, grid, base)
        for pair, payout in grid.payouts.items()
        if scratched.isdisjoint(pair)
    }


def _paid(payout: int, grid: GridView, base: int) -> Paid:
    """Minor units for the grid's base -> hundredths of a unit for `base`: the currency's digits cancel out, none is lost."""
    return Paid(payout * base // grid.base, grid.cap is not None and payout >= grid.cap)


def gate(rule: BoardRule, at: Glimpse) -> str | None:
    """Why the rule is not evaluated on a board at all: its window, or a pool that is not worth reading."""
    if at.unsound is not None:
        return at.unsound
    if not in_window(rule, at.minutes):
        return f"outside its window: {'no post time' if at.minutes is None else f'{int(at.minutes)} MTP'}"
    return small_pool(rule, at)


def small_pool(rule: BoardRule, at: Glimpse) -> str | None:
    """Why its pool is not worth reading on a board."""
    total = at.pools.get(rule.pool)
    if rule.min_pool is not None and (total is None or total < rule.min_pool * HUNDREDTHS):
        return f"{rule.pool} pool {'not shown' if total is None else f'{total // HUNDREDTHS:,}'} < {rule.min_pool:,.0f}"
    return None
