"""Boards per second through validate -> store -> alert, against the database module alone and against the seed's design.

Everybody gets the same boards, race by race and in turns. "Rows as the seed has them" is one row per value: 12 prices with
their amounts and 132 pairs. "The rows that are stored" is what our own writer makes of a board: only what moved, packed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from benchmarks import chain, raw_rows
from benchmarks.chain import Chain
from benchmarks.frame import Context, Figure, Goal, in_turns, medians
from benchmarks.raw_rows import Raw, Statement
from benchmarks.tote import Race, win_odds_alone
from horses_scrapy.items import OddsItem

NAME = "throughput"
STORE = "validate -> store"
ALERT = f"validate -> store -> alert, {chain.RULES} rules"
ALL = "the same with the sanity checks"
ALONE = "validate -> store, win odds alone"
CHAINS = {STORE: chain.STORE, ALERT: chain.ALERT, ALL: chain.ALL, ALONE: chain.STORE}
VALUES = "executemany, a row per value"
ROWS = "executemany, the rows stored"
SEED = "the seed's design"
SEED_POLLS = 10
"""Of a round: it takes 12 commits for each."""

T = TypeVar("T")

Work = Callable[[], object]


def run(context: Context) -> list[Figure]:
    rounds, polls = (4, 20) if context.quick else (8, 60)
    races = [Race(chain.TRACK, number) for number in range(1, rounds + 1)]
    boards = [list(race.boards(polls)) for race in races]
    with contenders(context.folder, races, boards) as works:
        taken = medians(in_turns(rounds, works))
    counts = dict.fromkeys(works, polls) | {SEED: min(SEED_POLLS, polls)}
    rates = {name: counts[name] / seconds for name, seconds in taken.items()}
    return [*_figures(rates), _evaluation((taken[ALERT] - taken[STORE]) / polls * 1000)]


def _figures(rates: dict[str, float]) -> Iterator[Figure]:
    for name, share in ((STORE, 0.25), (ALERT, 0.1)):
        yield _rate(rates, name, VALUES, share)
        yield _rate(rates, name, ROWS, share)
    yield _rate(rates, ALL, STORE, None)
    yield _rate(rates, ALONE, SEED, 10)


def _rate(rates: dict[str, float], name: str, against: str, share: float | None) -> Figure:
    return Figure(
        name=name,
        value=rates[name],
        unit="boards/s",
        against=against,
        against_value=rates[against],
        ratio=rates[name] / rates[against],
        goal=None if share is None else Goal(">=", share, "ratio"),
    )


def _evaluation(taken: float) -> Figure:
    return Figure(
        name=f"alert: {chain.RULES} rules, read from and written to the database",
        value=taken,
        unit="ms",
        target="evaluation",
    )


@contextmanager
def contenders(folder: Path, races: Sequence[Race], boards: Sequence[Sequence[OddsItem]]) -> Iterator[dict[str, Work]]:
    """Each call of one takes the boards of the next race."""
    chains = {
        name: Chain(chain.settings_at(folder / f"chain-{number}"), pipelines, races)
        for number, (name, pipelines) in enumerate(CHAINS.items())
    }
    as_stored, statements = recorded(folder, races, boards)
    by_value = _seed(folder / "values.db", checked=False)
    _seed(folder / "seed.db", checked=False).close()
    try:
        yield {
            STORE: _each(chains[STORE].process, boards),
            VALUES: _each(by_value.write, [list(map(raw_rows.seed_rows, race)) for race in boards]),
            ROWS: _each(as_stored.write, statements),
            ALERT: _each(chains[ALERT].process, boards),
            ALL: _each(chains[ALL].process, boards),
            ALONE: _each(chains[ALONE].process, [list(map(win_odds_alone, race)) for race in boards]),
            SEED: _each(
                lambda board: raw_rows.as_the_seed_writes(folder / "seed.db", board),
                [race[:SEED_POLLS] for race in boards],
            ),
        }
    finally:
        for opened in (*chains.values(), as_stored, by_value):
            opened.close()


def _each(take: Callable[[T], object], batches: Iterable[Iterable[T]]) -> Work:
    left = iter(batches)

    def work() -> None:
        for one in next(left):
            take(one)

    return work


def recorded(
    folder: Path, races: Sequence[Race], boards: Sequence[Sequence[OddsItem]]
) -> tuple[Raw, list[list[list[Statement]]]]:
    """A database with the cards alone, and the rows that its boards would be, race by race."""
    settings = chain.settings_at(folder / "recorded")
    with_cards = folder / "rows.db"
    with closing(Chain(settings, chain.STORE, races)) as writing:
        raw_rows.copy(settings.database_path, with_cards)
        for board in (board for race in boards for board in race):
            writing.process(board)
    statements = iter(raw_rows.stored_rows(settings.database_path))
    return Raw(with_cards, checked=True), [[next(statements) for _ in race] for race in boards]


def _seed(path: Path, *, checked: bool) -> Raw:
    raw_rows.make_seed(path)
    return Raw(path, checked=checked)
