"""Rows whose parent is gone."""

from collections.abc import Sequence

from horses_scrapy.quality.verdict import Asked, Check, Problem, Verdict
from horses_scrapy.storage.quality.orphans import Orphans


def orphan_rows(found: Sequence[Orphans], _: Asked) -> Verdict:
    problems = (Problem(text=_words(one), weight=one.count) for one in found if one.count)
    return Verdict(len(found), tuple(problems))


def _words(one: Orphans) -> str:
    examples = ", ".join(map(str, one.examples))
    return f"{one.count} rows of {one.table} name a {one.parent} that is not there: {one.column} {examples}"


ORPHAN_ROWS: Check[Sequence[Orphans]] = Check(
    name="orphan_rows",
    level="fail",
    advice="scripts/db.py check looks at the whole database; a sound backup is the way back (scripts/db.py restore)",
    judge=orphan_rows,
    unit="references",
)
