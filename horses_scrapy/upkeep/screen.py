"""What the commands print: the tools' lines and tables, and bytes for people."""

from alerts.tools import screen
from alerts.tools.screen import table

__all__ = ["say", "size", "table"]


def say(line: str) -> None:
    screen.say([line])


def size(count: int | None) -> str:
    """`12.3 MB`, of 1000 each; `?` where it is not known."""
    if count is None:
        return "?"
    amount, units = float(count), ["B", "kB", "MB", "GB"]
    while abs(amount) >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"
