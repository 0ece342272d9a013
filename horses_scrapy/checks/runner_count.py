"""runner_count: who is on the board and who is on the card must be the same, and a field has its bounds.

A card of fewer than min_runners or more than max_runners (tracks.yaml) that run is looked at as well.
"""

from horses_scrapy.checks.context import Context, Finding
from horses_scrapy.items import OddsItem


def runner_count(board: OddsItem, context: Context) -> Finding | None:
    listed = {price.label for price in board.prices}
    if not listed:
        return None
    return _who(listed, context) or _how_many(board, context)


def _who(listed: set[str], context: Context) -> Finding | None:
    """A horse that is out may be left off the board; one that nobody declared may not be on it."""
    if not context.runners:
        return None
    missing = [runner for runner in context.runners if runner.runs and runner.label not in listed]
    unknown = sorted(listed - {runner.label for runner in context.runners})
    parts = []
    if missing:
        parts.append("without " + ", ".join(f"#{runner.label} {runner.horse}" for runner in missing))
    if unknown:
        parts.append("with " + ", ".join(f"#{label}" for label in unknown) + ", not on the card")
    if not parts:
        return None
    return Finding(
        "runner_count", f"the {len(context.running)} interests of the card", "a board " + " and ".join(parts)
    )


def _how_many(board: OddsItem, context: Context) -> Finding | None:
    out = {price.label for price in board.prices if price.status == "scratched"}
    running = sum(runner.runs for runner in context.runners) or len({price.label for price in board.prices} - out)
    if context.min_runners <= running <= context.max_runners:
        return None
    return Finding("runner_count", f"{context.min_runners} to {context.max_runners} runners", str(running))
