"""Silences: what somebody asked not to hear of until a time. Pure.

Matchers are field -> value and must all match: track (key or code), race (number, or track/number), date (of the race, at the
track), rule, kind, severity, recipient, horse, program (program number, or label of an interest).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from alerts.delivery.standing import Standing
from alerts.rules.base import Severity
from alerts.rules.kinds import KINDS
from alerts.rules.policy import Delivery
from horses_scrapy.config.yaml_file import nearest
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.names import name_key
from horses_scrapy.storage.outbox_rows import Waiting
from horses_scrapy.storage.silences import Silence

Matches = Callable[[str, Waiting, Standing], bool]


def why_silenced(each: Waiting, standing: Standing, _policy: Delivery) -> str | None:
    for silence in standing.silences:
        if silence.starts_at <= standing.now_ms < silence.ends_at and matches(silence, each, standing):
            return f"silence {silence.silence_id} by {silence.created_by}: {silence.comment}"
    return None


def matches(silence: Silence, each: Waiting, standing: Standing) -> bool:
    """A field that this version does not know matches nothing: rather one message too many."""
    return bool(silence.matchers) and all(
        field in FIELDS and FIELDS[field](value, each, standing) for field, value in silence.matchers.items()
    )


def _track(value: str, each: Waiting, _standing: Standing) -> bool:
    key = each.scope.removeprefix("track:") if each.scope.startswith("track:") else each.track_key
    return value.casefold() in {name.casefold() for name in (key, each.track_code) if name is not None}


def _race(value: str, each: Waiting, standing: Standing) -> bool:
    track, _, number = value.rpartition("/")
    return str(each.race_number) == number and (not track or _track(track, each, standing))


def _horse(value: str, each: Waiting, standing: Standing) -> bool:
    return name_key(value) in {runner.horse_key for runner in standing.concerned(each)}


def _program(value: str, each: Waiting, standing: Standing) -> bool:
    named = {name for one in standing.concerned(each) for name in (one.label, one.program_number)}
    return value.upper() in named | set(each.subject.split("-"))


FIELDS: Mapping[str, Matches] = MappingProxyType(
    {
        "track": _track,
        "race": _race,
        "date": lambda value, each, _: value == each.race_date,
        "rule": lambda value, each, _: value == each.rule,
        "kind": lambda value, each, _: value == each.kind,
        "severity": lambda value, each, _: value == each.severity,
        "recipient": lambda value, each, _: value.casefold() == each.recipient.casefold(),
        "horse": _horse,
        "program": _program,
    }
)


# --- As they are typed ----------------------------------------------------------------------------------------------


def parse(given: Sequence[str]) -> dict[str, str]:
    """`["track=AQU", "race=3"]` -> matchers. Raises ConfigError with all faults, one a line."""
    found: dict[str, str] = {}
    faults = [] if given else ["--match: at least one field=value is expected, such as track=AQU"]
    for text in given:
        field, _, value = (part.strip() for part in text.partition("="))
        fault = "given twice" if field in found else _fault(field, value)
        if fault is not None:
            faults.append(f"--match {text}: {fault}")
        found[field] = value
    if "race" in found and "/" not in found["race"] and "track" not in found:
        faults.append(
            f"--match race={found['race']}: of which track? Write race=<track>/<number>, or add track=<track>"
        )
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def _fault(field: str, value: str) -> str | None:
    if field not in FIELDS:
        return f"unknown field{nearest(field, list(FIELDS))}; known: {', '.join(FIELDS)}"
    if not value:
        return f"a value is expected: {field}=..."
    if field == "race":
        track, slash, number = value.rpartition("/")
        good = number.isascii() and number.isdigit() and bool(track) == bool(slash)
        return None if good else "a race's number is expected, or <track>/<number>"
    if field == "date":
        return None if _is_date(value) else "a date is expected, such as 2026-05-02"
    known: Sequence[str] | None = {"kind": list(KINDS), "severity": get_args(Severity)}.get(field)
    return None if known is None or value in known else f"no {field}{nearest(value, known)}"


def _is_date(text: str) -> bool:
    """Written as a race's date is stored: other spellings of ISO 8601 would match nothing."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
