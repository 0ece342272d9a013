"""One board spread out for the rules that read it: what several of them need is worked out once. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from alerts.amounts import HUNDREDTHS, hundredths
from alerts.history import Glimpse, History, glimpse
from alerts.reading.reading import Reading
from alerts.rules import BoardRule, RaceRule, Scope
from horses_scrapy.items import Market
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import BoardView, GridView, RaceView, RunnerView, Shown
from horses_scrapy.storage.names import name_key

Labels = tuple[str, ...]
Watched = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one board did to one subject of a rule, or to the whole rule (subject None), and why.

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
        self.here: Glimpse = glimpse(board, stale_after_ms)
        self._witness = witness
        self._quoted: dict[Market, list[tuple[str, Shown, int]]] = {}
        self._paid: dict[tuple[str, int], dict[Labels, Paid]] = {}

    def skip(self, rule: BoardRule, subject: str | None, reason: str) -> None:
        if self._witness is not None:
            self._witness(Judgement(rule.name, subject, "skipped", reason))

    def tell(self, rule: BoardRule, step: str, reading: Reading) -> None:
        if self._witness is not None:
            self._witness(Judgement(rule.name, reading.subject, step, "", reading))

    def quoted(self, market: Market) -> list[tuple[str, Shown, int]]:
        """(label, shown, price) of the interests that run and have a price, in program order."""
        found = self._quoted.get(market)
        if found is None:
            found = sorted(
                (
                    (label, shown, shown.price)
                    for (where, label), shown in self.here.prices.items()
                    if where == market and label not in self.here.scratched and shown.price is not None
                ),
                key=lambda item: program_order(item[0]),
            )
            self._quoted[market] = found
        return found

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
        key = (bet_type, base)
        if key not in self._paid:
            self._paid[key] = payouts(self.board, bet_type, base, self.here.scratched)
        return self._paid[key]

    def earlier_payouts(self, bet_type: str, base: int) -> dict[Labels, Paid]:
        """Those of the board before."""
        key = (f"before {bet_type}", base)
        if key not in self._paid:
            previous = self.history.previous
            self._paid[key] = {} if previous is None else payouts(previous, bet_type, base, frozenset())
        return self._paid[key]

    def wants(self, rule: RaceRule, labels: Labels) -> bool:
        """Whether the rule's scope holds one of the horses behind the labels."""
        if not rule.scope.of_runners:
            return True
        watched = self.history.watched.get(rule.scope.watchlist or "", frozenset())
        behind = [runner for runner in self.board.runners if runner.label in labels]
        return wanted(rule.scope, behind, self.board.race, watched)


def payouts(board: BoardView, bet_type: str, base: int, scratched: frozenset[str]) -> dict[Labels, Paid]:
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
    """Both bases are scaled alike, so that no digit is lost on a small one."""
    amount = hundredths(payout, grid.currency) * base // hundredths(grid.base, grid.currency)
    return Paid(amount, grid.cap is not None and payout >= grid.cap)


def gate(rule: BoardRule, at: Glimpse) -> str | None:
    """Why the rule is not evaluated on a board at all: its window, or a pool that is not worth reading."""
    if at.unsound is not None:
        return at.unsound
    if not in_window(rule, at.minutes):
        return f"outside its window: {'no post time' if at.minutes is None else f'{int(at.minutes)} MTP'}"
    total = at.pools.get(rule.pool)
    if rule.min_pool is not None and (total is None or total < rule.min_pool * HUNDREDTHS):
        return f"{rule.pool} pool {'not shown' if total is None else f'{total // HUNDREDTHS:,}'} < {rule.min_pool:,.0f}"
    return None


def in_window(rule: RaceRule, minutes: float | None) -> bool:
    if rule.minutes_to_post is None:
        return True
    first, last = rule.minutes_to_post
    return minutes is not None and first <= minutes <= last


def in_scope(rule: RaceRule, race: RaceView) -> bool:
    """By race number; the track was looked up before (RuleSet.boards_of)."""
    return not rule.scope.races or race.race_number in rule.scope.races


def wanted(scope: Scope, runners: Iterable[RunnerView], race: RaceView, watched: Watched) -> bool:
    """Whether one of the runners is within the scope."""
    return any(_asked(scope, runner, race, watched) for runner in runners)


def _asked(scope: Scope, runner: RunnerView, race: RaceView, watched: Watched) -> bool:
    facts = dict(_facts(runner, race))
    named = (("horse", scope.horses), ("jockey", scope.jockeys), ("trainer", scope.trainers))
    return (
        all(not names or facts[key] in {name_key(name) for name in names} for key, names in named)
        and (not scope.program_numbers or runner.program_number in scope.program_numbers)
        and (scope.watchlist is None or not watched.isdisjoint(facts.items()))
    )


def _facts(runner: RunnerView, race: RaceView) -> Iterator[tuple[str, str]]:
    """What a watchlist may name, as its entries are stored."""
    yield "horse", name_key(runner.horse)
    yield "jockey", name_key(runner.jockey or "")
    yield "trainer", name_key(runner.trainer or "")
    yield "program", runner.program_number
    yield "track", race.track_key
    yield "race", f"{race.track_key}/{race.race_number}"
