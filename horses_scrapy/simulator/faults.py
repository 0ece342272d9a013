"""Misbehaviour by script: which requests are answered wrongly, and how.

    - {path: "/race/*/2/exacta", kind: "403", after: 1, count: 2}

`path` is a shell pattern on the path; the first `after` matching requests are answered rightly, then `count` wrongly
(all, where it is null), then rightly again. The first rule in force wins.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from horses_scrapy.errors import ConfigError

Kind = Literal[
    "403", "429", "500", "timeout", "slow", "truncated", "empty", "login", "swapped_columns", "html_garbage",
    "wrong_meeting", "frozen",
]  # fmt: skip


class Rule(BaseModel):
    """`frozen` pairs are those of the race's early money. `retry_after` seconds are said by a 429; `seconds` is how long a slow page takes, or a timeout stays silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(pattern=r"^[/*]")]
    kind: Kind
    after: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1)] | None = None
    retry_after: Annotated[int, Field(ge=0, le=86_400)] = 5
    seconds: Annotated[float, Field(gt=0, le=3600)] = 600


_RULES = TypeAdapter(tuple[Rule, ...])


class Faults:
    """The rules in force and how often each was met. One per server; safe between its threads."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._lock = Lock()
        self._rules: tuple[Rule, ...] = tuple(rules)
        self._met = [0] * len(self._rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put other rules in force, each counted from none."""
        with self._lock:
            self._rules = tuple(rules)
            self._met = [0] * len(self._rules)

    def next(self, path: str) -> Rule | None:
        """The rule that this request is answered by; every rule that matches counts it."""
        with self._lock:
            return next(iter([rule for index, rule in enumerate(self._rules) if self._hit(index, rule, path)]), None)

    def _hit(self, index: int, rule: Rule, path: str) -> bool:
        if not fnmatchcase(path, rule.path):
            return False
        self._met[index] += 1
        turn = self._met[index] - rule.after
        return turn >= 1 and (rule.count is None or turn <= rule.count)


def read(text: str, where: str) -> tuple[Rule, ...]:
    """Rules from YAML or JSON. Raises ConfigError that names `where` and every fault."""
    try:
        return _RULES.validate_python(yaml.safe_load(text) or [])
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: {error}") from error
    except ValidationError as error:
        found = [f"{where}: rule {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise ConfigError("\n".join(found)) from error


def load(path: Path) -> tuple[Rule, ...]:
    try:
        return read(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
