"""The report as people read it, and as programs do."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from alerts.tools import screen
from horses_scrapy.quality.coverage import Coverage, percent
from horses_scrapy.quality.report import Report
from horses_scrapy.quality.tally import Example, Tally
from horses_scrapy.storage.quality.window import Window

SHOWN = 3
"""Examples of a check in the text."""


def as_text(report: Report) -> None:
    screen.say([f"{report.races} races of {_words(report.window)}", ""])
    rows = [(one.check.name, _result(one), f"{one.looked} {one.check.unit}", one.found) for one in report.tallies]
    screen.table(("check", "result", "looked at", "found"), rows, numbers=("looked at", "found"))
    screen.say(line for tally in report.tallies for line in _details(tally))
    if report.coverage:
        _print_coverage(report.coverage)
    failed = [tally.check.name for tally in report.tallies if tally.failed]
    screen.say(["", f"failed: {', '.join(failed)}" if failed else "no check failed"])


def _words(window: Window) -> str:
    if window.race_id is not None:
        return f"id {window.race_id}"
    return f"{window.first} to {window.last}" + (f" at {window.track}" if window.track else "")


def _result(tally: Tally) -> str:
    if tally.found:
        return tally.check.level
    return "ok" if tally.looked else "nothing to look at"


def _details(tally: Tally) -> Iterator[str]:
    if not tally.found and not tally.notes:
        return
    yield from ("", f"{tally.check.name}: {_summary(tally)}")
    for example in tally.worst[:SHOWN]:
        yield f"  {_where(example)}{example.problem.text}"
    if tally.found > SHOWN:
        yield f"  and {tally.found - SHOWN} more (--json has the worst of them)"
    if tally.found:
        yield f"  what to do: {tally.check.advice}"


def _summary(tally: Tally) -> str:
    notes = ", ".join(f"{note} {count}" for note, count in tally.notes.most_common())
    found = f"{tally.found} found" + (f" in {tally.races} races" if tally.races else "") if tally.found else ""
    return "; ".join(part for part in (found, notes) if part)


def _where(example: Example) -> str:
    race = example.race
    return "" if race is None else f"{race.track_code} {race.race_date} R{race.race_number} (id {race.race_id}): "


def _print_coverage(rows: Sequence[Coverage]) -> None:
    screen.say(["", "What each source told of the races that were run:", ""])
    headers = ("source", "races", "with boards", "final odds", "exactas", "runners quoted", "boards", "suspect")
    screen.table(headers, (_cells(row) for row in rows), numbers=headers[1:])


def _cells(row: Coverage) -> tuple[object, ...]:
    shares = (percent(part, row.races) for part in (row.with_boards, row.with_final, row.with_exactas))
    quoted = percent(row.runners_quoted, row.runners)
    return (row.source, row.races, *shares, quoted, row.boards, row.suspect)


def as_json(report: Report) -> None:
    """One document; keys are stable."""
    document = {
        "result": "fail" if report.failed else "ok",
        "window": {name: value for name, value in asdict(report.window).items() if value},
        "races": report.races,
        "checks": [_check(tally) for tally in report.tallies],
        "coverage": [asdict(row) for row in report.coverage],
    }
    screen.say(json.dumps(document, indent=1, ensure_ascii=False).splitlines())


def _check(tally: Tally) -> dict[str, Any]:
    return {
        "check": tally.check.name,
        "level": tally.check.level,
        "result": _result(tally),
        "looked_at": tally.looked,
        "unit": tally.check.unit,
        "found": tally.found,
        "races": tally.races,
        "notes": dict(tally.notes),
        "advice": tally.check.advice,
        "examples": [_example(one) for one in tally.worst],
    }


def _example(one: Example) -> dict[str, Any]:
    race = one.race
    where = {} if race is None else {
        "track": race.track_key, "date": race.race_date, "race": race.race_number, "race_id": race.race_id,
    }  # fmt: skip
    return {**where, "program": one.problem.program, "text": one.problem.text}
