"""What a rule reads off a board: one value per interest or pair. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alerts.amounts import HUNDREDTHS, hundredths
from alerts.history import Glimpse, History, glimpse
from alerts.rules import BoardRule, DropRule, PairRule, Rule, Scope, WinRule
from horses_scrapy.items import Market
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import BoardView, GridView, RaceView, RunnerView, Shown
from horses_scrapy.storage.names import name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one subject, in the rule's unit.

    now, before: what the mail shows, in thousandths (prices) or hundredths of a unit for the rule's base (pay-outs);
    before is None at first sight. capped: `now` is only the least that it can be. confirmed: whether the rule's further
    condition, if it has one, holds too.
    """

    subject: str
    labels: tuple[str, ...]
    value: int
    now: int
    before: int | None
    capped: bool = False
    confirmed: bool = True


def readings(rule: BoardRule, board: BoardView, history: History) -> Iterator[Reading]:
    """Subjects that can be judged on this board. Scratched, missing and unpriced ones are left out: their state stays."""
    here = glimpse(board)
    if not passes(rule, here):
        return
    if isinstance(rule, WinRule):
        yield from _prices(rule, here, history, board)
    elif isinstance(rule, DropRule):
        yield from _drops(rule, here, history, board)
    elif isinstance(rule, PairRule) and "no_pairs" not in board.flags:
        yield from _pairs(rule, here, history, board)


def passes(rule: BoardRule, at: Glimpse) -> bool:
    """Whether the rule is evaluated on a board at all: it is sound, in the window, and its pool is worth reading."""
    return at.sound and in_window(rule, at.minutes) and _deep_enough(rule, at)


def in_window(rule: Rule, minutes: float | None) -> bool:
    if rule.minutes_to_post is None:
        return True
    first, last = rule.minutes_to_post
    return minutes is not None and first <= minutes <= last


def _deep_enough(rule: BoardRule, at: Glimpse) -> bool:
    total = at.pools.get(rule.pool)
    return rule.min_pool is None or (total is not None and total >= rule.min_pool * HUNDREDTHS)


def applies(scope: Scope, race: RaceView) -> bool:
    tracks = {track.casefold() for track in scope.tracks}
    return (not tracks or not tracks.isdisjoint({race.track_key.casefold(), race.track_code.casefold()})) and (
        not scope.races or race.race_number in scope.races
    )


def wanted(scope: Scope, runners: Iterable[RunnerView]) -> bool:
    names = {name_key(name) for name in scope.horses}
    return not names or any(name_key(runner.horse) in names for runner in runners)


def behind(board: BoardView, labels: tuple[str, ...]) -> list[RunnerView]:
    return [runner for runner in board.runners if runner.label in labels]


def _quoted(at: Glimpse, market: Market) -> Iterator[tuple[str, Shown, int]]:
    for (where, label), shown in sorted(at.prices.items(), key=lambda item: program_order(item[0][1])):
        if where == market and label not in at.scratched and shown.price is not None:
            yield label, shown, shown.price


def _prices(rule: WinRule, here: Glimpse, history: History, board: BoardView) -> Iterator[Reading]:
    for label, shown, price in _quoted(here, rule.market):
        capped = shown.status == "capped"
        usable = shown.status == "active" or (capped and rule.above)
        if usable and wanted(rule.scope, behind(board, (label,))):
            last = _last_price(history, rule.market, label)
            yield Reading(subject=label, labels=(label,), value=price, now=price, before=last, capped=capped)


def _last_price(history: History, market: Market, label: str) -> int | None:
    for earlier in reversed(history.boards):
        shown = earlier.prices.get((market, label)) if earlier.sound else None
        if shown is not None and shown.price is not None:
            return shown.price
    return None


def _drops(rule: DropRule, here: Glimpse, history: History, board: BoardView) -> Iterator[Reading]:
    field = _same_field(here, history)
    for label, shown, price in _quoted(here, rule.market):
        reference = _reference(rule, field, label) if shown.status == "active" else None
        if reference is not None and wanted(rule.scope, behind(board, (label,))):
            yield _drop(rule, label, reference, price)


def _same_field(here: Glimpse, history: History) -> list[Glimpse]:
    """Sound boards since the last scratch, oldest first: refunds move every price, so older ones compare with nothing."""
    field: list[Glimpse] = []
    for earlier in reversed(history.boards):
        if not earlier.sound:
            continue
        if earlier.scratched != here.scratched:
            break
        field.append(earlier)
    return field[::-1]


def _reference(rule: DropRule, field: list[Glimpse], label: str) -> int | None:
    """The price that a drop is measured from; never a capped one, of which only the floor is known."""
    for earlier in field if rule.against == "open" else reversed(field):
        shown = earlier.prices.get((rule.market, label))
        if shown is not None and shown.status == "active" and shown.price is not None and passes(rule, earlier):
            return shown.price
    return None


def _drop(rule: DropRule, label: str, reference: int, price: int) -> Reading:
    percent, points = percent_drop(reference, price), points_gained(reference, price)
    enough = points >= rule.points if rule.percent is not None and rule.points is not None else True
    value = percent if rule.measure == "percent" else points
    return Reading(subject=label, labels=(label,), value=value, now=price, before=reference, confirmed=enough)


def percent_drop(reference: int, price: int) -> int:
    """By how much the profit per 1 fell, in thousandths of a percent, rounded down."""
    return (reference - price) * 100_000 // (reference - 1000)


def points_gained(reference: int, price: int) -> int:
    """By how much 100/decimal rose, in thousandths of a point, rounded down."""
    return (reference - price) * 100_000_000 // (price * reference)


def _pairs(rule: PairRule, here: Glimpse, history: History, board: BoardView) -> Iterator[Reading]:
    earlier = {} if history.previous is None else _payouts(rule, history.previous)
    for labels, paid in _payouts(rule, board).items():
        if here.scratched.isdisjoint(labels) and wanted(rule.scope, behind(board, labels)):
            before = earlier.get(labels)
            yield Reading(
                subject="-".join(labels),
                labels=labels,
                value=paid.amount,
                now=paid.amount,
                before=None if before is None or before.capped else before.amount,
                capped=paid.capped,
            )


@dataclass(frozen=True, slots=True)
class _Paid:
    """Hundredths of a unit for the rule's base. At the source's cap it is a floor, and no pay-out to compare with."""

    amount: int
    capped: bool


def _payouts(rule: PairRule, board: BoardView) -> dict[tuple[str, ...], _Paid]:
    """A quinella pair in program order, whichever way the source writes it."""
    grid = board.grids.get(rule.bet_type)
    if grid is None:
        return {}
    ordered = rule.bet_type == "exacta"
    return {
        pair if ordered else tuple(sorted(pair, key=program_order)): _paid(payout, grid, rule.base)
        for pair, payout in grid.payouts.items()
    }


def _paid(payout: int, grid: GridView, base: int) -> _Paid:
    """Both bases are scaled alike, so that no digit is lost on a small one."""
    amount = hundredths(payout, grid.currency) * base // hundredths(grid.base, grid.currency)
    return _Paid(amount, grid.cap is not None and payout >= grid.cap)
