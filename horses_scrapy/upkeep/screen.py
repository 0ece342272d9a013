"""What the commands print: lines as they are, and tables that are plain text where nobody looks at a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

WIDTH = 100
"""Of output that goes into a file or a pipe."""


def say(line: str) -> None:
    """Never wrapped: a pipe reads it."""
    _console().print(line, markup=False, highlight=False, soft_wrap=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """`numbers`: the columns that are ranged right."""
    columns = [Column(name, justify="right" if name in numbers else "left", overflow="fold") for name in headers]
    made = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        made.add_row(*map(Text, row))
    _console().print(made, highlight=False)


def size(count: int | None) -> str:
    """`12.3 MB`, of 1000 each; `?` where it is not known."""
    if count is None:
        return "?"
    amount, units = float(count), ["B", "kB", "MB", "GB"]
    while abs(amount) >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
