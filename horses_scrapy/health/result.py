"""What a check found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
    """text: for people. facts: the same for programs, as JSON takes it. Only `fail` makes us unhealthy."""

    state: State
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


def ok(text: str, **facts: object) -> Result:
    return Result("ok", text, facts)


def warn(text: str, **facts: object) -> Result:
    return Result("warn", text, facts)


def fail(text: str, **facts: object) -> Result:
    return Result("fail", text, facts)


def skipped(why: str) -> Result:
    return Result("skipped", why)


def judged(value: float, *, warn_above: float, fail_above: float) -> State:
    """Of a figure that had better be small."""
    return "fail" if value > fail_above else "warn" if value > warn_above else "ok"
