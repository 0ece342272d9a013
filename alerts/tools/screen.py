"""What the tools print: lines as they are, and tables that are plain text where nobody looks at a terminal."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

WIDTH = 100
"""Of output that goes into a file or a pipe."""


def say(lines: Iterable[str]) -> None:
    """One a line, never wrapped: a pipe reads them."""
    console = _console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """`numbers`: the columns that are ranged right."""
    columns = [Column(name, justify="right" if name in numbers else "left", overflow="fold") for name in headers]
    made = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        made.add_row(*("" if cell is None else _plain(str(cell)) for cell in row))
    _console().print(made, highlight=False)


def _plain(text: str) -> str:
    """Brackets are not rich's markup."""
    return text.replace("[", "\\[")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
