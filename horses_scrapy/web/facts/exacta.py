"""The exacta matrix, by the rules that read it for alerts: what a mail calls an overlay is one here."""

from dataclasses import dataclass, replace

from alerts.amounts import HUNDREDTHS, hundredths
from alerts.as_of import runners_at
from alerts.history import HARMLESS, History, Takeout, untrusted
from alerts.reading.chances import live_interests
from alerts.reading.overlay import Fair, chances_of, fair_pairs, floor_of
from alerts.reading.pair import grid_of
from alerts.reading.sheet import Labels, Paid, Sheet
from alerts.rules import RuleSet
from alerts.rules.pair import ExactaOverlayRule
from alerts.surroundings import surroundings
from horses_scrapy.fair_exacta import HARVILLE, model_name
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.alert_history import card_changes
from horses_scrapy.storage.board_view import BoardView, GridView
from horses_scrapy.storage.boards import LATE
from horses_scrapy.storage.stored_race import StoredRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.names import race_name
from horses_scrapy.web.facts.one_source import Shower, rules_of, shower_of
from horses_scrapy.web.facts.stamp import stamp_of
from horses_scrapy.web.models.base import in_units, instant
from horses_scrapy.web.models.exacta import ExactaCell, ExactaLabel, ExactaMatrix, FairModel, PoolTakeout

SOUND = HARMLESS | {LATE}
"""What came late is true all the same: here nothing is told twice."""
NO_BOARD = "no board of this race is stored up to that instant"


@dataclass(frozen=True, slots=True)
class _Table:
    """A board's exacta: the grid, or why there is none; the fair prices, or why there are none."""

    sheet: Sheet
    grid: GridView | str
    fair: Fair | str
    takeout: Takeout


def exacta_of(
    reading: Reading,
    race: int | StoredRace,
    source: str | None = None,
    at_ms: int | None = None,
    gamma: float | None = None,
) -> ExactaMatrix:
    """As it stood at `at_ms`, or now. gamma: None for that of the rule file. Raises NotThere."""
    shower = shower_of(reading, race, source)
    rules = rules_of(reading)
    gamma = _gamma(rules) if gamma is None else gamma
    board = _board(reading, shower, at_ms)
    told = _nothing(reading, shower, at_ms, gamma)
    return told if board is None else _matrix(told, _table(reading, board, rules, gamma))


def _gamma(rules: RuleSet) -> float:
    """That of the first rule about overlays, also where it is switched off: what its writer holds of second places."""
    return next((rule.gamma for rule in rules.rules if isinstance(rule, ExactaOverlayRule)), HARVILLE)


def _board(reading: Reading, shower: Shower, at_ms: int | None) -> BoardView | None:
    """With the card as it was then, if an instant is asked for."""
    if shower.teller is None:
        return None
    board = shower.stored.sound(shower.teller, reading.now_ms if at_ms is None else at_ms, SOUND)
    if board is None or at_ms is None:
        return board
    changed = card_changes(reading.connection, shower.stored.race_id)
    return replace(board, runners=runners_at(board.runners, changed, at_ms))


def _table(reading: Reading, board: BoardView, rules: RuleSet, gamma: float) -> _Table:
    takeouts = surroundings(reading.settings, rules).takeouts(board.race)
    stale_after = round(rules.stale_after * 1000)
    sheet = Sheet(board, History(takeouts=takeouts), stale_after)
    fair = untrusted(board, stale_after, SOUND) or fair_pairs(sheet, gamma)
    return _Table(sheet, grid_of(sheet, "exacta"), fair, takeouts["exacta"])


def _nothing(reading: Reading, shower: Shower, at_ms: int | None, gamma: float) -> ExactaMatrix:
    return ExactaMatrix(
        race=race_name(shower.stored.race),
        source=shower.source,
        at=instant(reading.now_ms if at_ms is None else at_ms),
        board=None,
        grid_at=None,
        base=None,
        currency=None,
        cap=None,
        labels=[],
        cells=[],
        takeout=None,
        implied_takeout=None,
        model=FairModel(name=model_name(gamma), gamma=gamma),
        chances_by=None,
        reason=NO_BOARD,
    )


def _matrix(told: ExactaMatrix, table: _Table) -> ExactaMatrix:
    board, grid = table.sheet.board, table.grid
    chances = chances_of(table.sheet)
    known = {
        "board": stamp_of(board),
        "labels": _labels(table.sheet),
        "takeout": PoolTakeout(rate=table.takeout.rate, assumed=table.takeout.assumed),
        "chances_by": None if isinstance(chances, str) else chances.told,
        "reason": table.fair if isinstance(table.fair, str) else None,
    }
    if isinstance(grid, str):
        return told.model_copy(update={**known, "reason": grid})
    cells = _cells(table, grid)
    return told.model_copy(
        update={
            **known,
            "grid_at": instant(grid.fetched_at),
            "base": in_units(grid.base, grid.currency),
            "currency": grid.currency,
            "cap": None if grid.cap is None else in_units(grid.cap, grid.currency),
            "cells": cells,
            "implied_takeout": _implied(cells, in_units(grid.base, grid.currency), table.sheet),
        }
    )


def _labels(sheet: Sheet) -> list[ExactaLabel]:
    """In program order, those that are out too."""
    chances = chances_of(sheet)
    of, floors = ({}, frozenset[str]()) if isinstance(chances, str) else (chances.of, chances.floors)
    return [
        ExactaLabel(
            label=label,
            horse=sheet.board.horses(label),
            scratched=label in sheet.here.scratched,
            chance=None if label not in of else round(of[label], 6),
            floor=label in floors,
        )
        for label in sorted(live_interests(sheet.board, frozenset()), key=program_order)
    ]


def _cells(table: _Table, grid: GridView) -> list[ExactaCell]:
    """Row by row, in program order."""
    paid = table.sheet.payouts("exacta", hundredths(grid.base, grid.currency))
    ordered = sorted(paid, key=lambda pair: tuple(map(program_order, pair)))
    return [_cell(pair, paid[pair], table.fair) for pair in ordered]


def _cell(pair: Labels, paid: Paid, fair: Fair | str) -> ExactaCell:
    note = None if isinstance(fair, str) else floor_of(paid, pair, fair.chances)
    should = None if isinstance(fair, str) else _should(pair, fair)
    return ExactaCell(
        first=pair[0],
        second=pair[1],
        payout=paid.amount / HUNDREDTHS,
        capped=paid.capped,
        fair=None if should is None else round(should / HUNDREDTHS, 2),
        overlay=None if should is None or note is not None else round(paid.amount / should - 1, 4),
        note=note,
    )


def _should(pair: Labels, fair: Fair) -> float | None:
    """What the pair should pay. None for a horse of whose chance only the most is known: so is this price the least."""
    return fair.payouts[pair] if fair.chances.floors.isdisjoint(pair) else None


def _implied(cells: list[ExactaCell], base: float, sheet: Sheet) -> float | None:
    """1 - 1 / the sum of base / pay-out: of all pairs that run, none of them a floor."""
    run = len(live_interests(sheet.board, sheet.here.scratched))
    if len(cells) < max(2, run * (run - 1)) or any(cell.capped or cell.payout <= 0 for cell in cells):
        return None
    return round(1 - 1 / sum(base / cell.payout for cell in cells), 4)
