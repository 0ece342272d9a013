"""Row 2: how many bytes a stored price takes, and what the seed's tables take for the same boards."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks import samples
from benchmarks.frame import Context, Figure, Goal
from horses_scrapy.simulator.bulk import OBSERVED, PAIRS, POLLS, BulkPlan

NAME = "bytes"

PRICES = ("price_change", "latest_odds")
SNAPSHOT = (*PRICES, "board", "pool", "pool_change", "source")
"""What an odds_snapshot of the seed says: prices, when they were seen, win amounts and total (and here the exacta total)."""
WORTH_NAMING = 0.2
"""Bytes per price from which a table has a line of its own."""
UNIT = "B/price"


def run(context: Context) -> list[Figure]:
    plain = BulkPlan(observed=200_000 if context.quick else 1_000_000)
    if context.quick:
        context.leave_out(f"a million prices: {plain.observed:,} here")
    ours = by_table(samples.ours(context, plain), plain.observed)
    seed_file = samples.seeds(context, plain)
    bare = samples.table_bytes(seed_file)["odds_snapshot"] / plain.observed
    figures = without_pairs(ours, by_table(seed_file, plain.observed), bare)
    return [*figures, *each_table(ours), *with_pairs(context)]


def without_pairs(ours: Mapping[str, float], seeds: Mapping[str, float], bare: float) -> list[Figure]:
    """`bare`: the seed's odds_snapshot without its two indexes."""
    prices, snapshot = (sum(ours[name] for name in names) for names in (PRICES, SNAPSHOT))
    everything, all_of_seed = sum(ours.values()), sum(seeds.values())
    return [
        Figure(name="price_change and latest_odds", value=prices, unit=UNIT, goal=Goal("<=", 10)),
        Figure(
            name="prices alone",
            value=prices,
            unit=UNIT,
            against="seed's odds_snapshot, bare",
            against_value=bare,
            ratio=bare / prices,
            goal=Goal(">=", 8, "ratio"),
        ),
        Figure(
            name="prices with boards, win amounts and totals",
            value=snapshot,
            unit=UNIT,
            against="seed's odds_snapshot, indexed",
            against_value=seeds["odds_snapshot"],
            ratio=seeds["odds_snapshot"] / snapshot,
        ),
        Figure(
            name="everything but pairs: cards, boards, win amounts, totals",
            value=everything,
            unit=UNIT,
            against="seed, all",
            against_value=all_of_seed,
            ratio=all_of_seed / everything,
            goal=Goal("<=", 25),
        ),
    ]


def each_table(ours: Mapping[str, float]) -> list[Figure]:
    named = sorted(ours.items(), key=lambda item: -item[1])
    return [Figure(name=f"of it {name}", value=size, unit=UNIT) for name, size in named if size >= WORTH_NAMING]


def with_pairs(context: Context) -> list[Figure]:
    """A smaller sample: a board has nine pairs for each price."""
    observed = (20 if context.quick else 100) * OBSERVED
    full, fifth, off = (BulkPlan(observed=observed, grids_every=every) for every in (1, 5, 0))
    sizes = {plan.grids_every: by_table(samples.ours(context, plan), observed) for plan in (full, fifth, off)}
    seeds = by_table(samples.seeds(context, full), observed)
    cells = observed / OBSERVED * POLLS * len(PAIRS)
    figures = [
        per_cell("full", sizes[1], seeds, observed / cells),
        per_cell("every 5", sizes[5], seeds, observed / cells),
    ]
    return [*figures, in_all("full", sizes[1], seeds), in_all("off", sizes[0], seeds)]


def per_cell(setting: str, ours: Mapping[str, float], seeds: Mapping[str, float], prices_of_cell: float) -> Figure:
    value, against = (size * prices_of_cell for size in (ours["pair_grid"], seeds["exacta_probable"]))
    return Figure(
        name=f"pairs, pair_prices: {setting}",
        value=value,
        unit="B/cell shown",
        against="seed's exacta_probable",
        against_value=against,
        ratio=against / value,
    )


def in_all(setting: str, ours: Mapping[str, float], seeds: Mapping[str, float]) -> Figure:
    value, against = sum(ours.values()), sum(seeds.values())
    return Figure(
        name=f"in all, pairs {setting}",
        value=value,
        unit=UNIT,
        against="seed, pairs full",
        against_value=against,
        ratio=against / value,
        goal=Goal(">=", 3, "ratio"),
    )


def by_table(file: Path, observed: int) -> dict[str, float]:
    """Bytes per observed price of each table with its indexes; what SQLite keeps for itself is left out."""
    tables = samples.table_of(file)
    found: dict[str, float] = {}
    for name, size in samples.table_bytes(file).items():
        table = tables.get(name)
        if table is not None:
            found[table] = found.get(table, 0.0) + size / observed
    return found
