"""The table for people, and the same as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.frame import SEED_TARGETS, Figure, Measured, Target
from benchmarks.machine import Machine
from horses_scrapy.errors import ConfigError

WIDTH = 160
"""Where the output is no terminal."""


def show(here: Machine, measured: Sequence[Measured]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(str(here), highlight=False)
    console.print(figures_table(measured))
    for line in target_lines(measured):
        console.print(line, highlight=False, markup=False)
    for one in measured:
        for what in one.left_out:
            console.print(f"left out of {one.row}: {what}", highlight=False, markup=False)


def figures_table(measured: Sequence[Measured]) -> Table:
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("row", "what is measured"):
        made.add_column(column, overflow="fold")
    for column in ("measured", "neighbour", "ratio", "goal", ""):
        made.add_column(column, justify="right")
    for one in measured:
        for number, figure in enumerate(one.figures):
            made.add_row(one.row if number == 0 else "", *cells(figure))
        made.add_section()
    return made


def cells(figure: Figure) -> tuple[str, ...]:
    neighbour = "" if figure.against_value is None else f"{figure.against}: {number(figure.against_value)}"
    ratio = "" if figure.ratio is None else f"{number(figure.ratio)}x"
    goal = "" if figure.goal is None else str(figure.goal)
    return figure.name, f"{number(figure.value)} {figure.unit}", neighbour, ratio, goal, verdict(figure.met)


def verdict(met: bool | None) -> str:
    if met is None:
        return ""
    return "met" if met else "MISSED"


def number(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def worst(measured: Sequence[Measured], target: Target) -> Figure | None:
    """The highest figure of all rows that answers the target."""
    answers = [figure for one in measured for figure in one.figures if figure.target == target]
    return max(answers, key=lambda figure: figure.value, default=None)


def target_lines(measured: Sequence[Measured]) -> list[str]:
    lines = []
    for target, bound in SEED_TARGETS.items():
        found = worst(measured, target)
        if found is not None:
            verdict_of = verdict(found.value < bound.limit)
            told = f"{number(found.value)} {found.unit} ({found.name})"
            lines.append(f"seed's target: {bound.text} < {bound.limit:g} {bound.unit}: {told}: {verdict_of}")
    return lines


def write(file: Path, here: Machine, measured: Sequence[Measured], *, quick: bool) -> None:
    """Raises ConfigError for a place that cannot be written."""
    told = {"machine": asdict(here), "quick": quick, "rows": [as_json(one) for one in measured]}
    told["seed_targets"] = target_lines(measured)
    try:
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--json {file}: cannot be written: {error.strerror}") from error


def as_json(one: Measured) -> dict[str, Any]:
    figures = [
        asdict(figure) | {"goal": None if figure.goal is None else str(figure.goal), "met": figure.met}
        for figure in one.figures
    ]
    return {"row": one.row, "seconds": round(one.seconds, 1), "figures": figures, "left_out": list(one.left_out)}
