"""What an alert says: one line for the console, and the details that its messages are made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from alerts.limits import Event
from alerts.rules.base import Severity
from horses_scrapy.items import Basis, Notation


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one kind of rule says of its own. `notes` are whole sentences without a full stop, one line each."""

    what: str  # `#5`, `exacta 3-5`, `win pool`
    who: str = ""  # the horse or horses
    move: str = ""  # `6-1 -> 3-1`, `scratched`
    condition: str = ""  # `below 7-2`
    pool: str | None = None  # `5,000.00 USD (win)`
    points: str | None = None  # chance by the odds: `14.3 -> 25.0 (+10.7)`
    price: int | None = None  # what it is about stands at now, in thousandths, where that is a price
    notes: tuple[str, ...] = ()
    path: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What a message shows of one alert. Times in epoch milliseconds; everything else is text as it is printed.

    track_key is empty and race_number None where the alert is about ourselves. basis: whether prices are the display's
    floors or exact by the pool, None where none is shown. path: (instant, price in thousandths) of the boards up to the
    alert, oldest first. expected: where the price is likely to end, None where too little is known.
    """

    track_key: str
    track_code: str
    track_name: str
    timezone: str
    race_date: str
    race_number: int | None
    post_time: int | None
    url: str
    source: str
    rule: str
    kind: str
    severity: Severity
    event: Event
    what: str
    who: str
    move: str
    condition: str
    minutes: int | None
    pool: str | None
    points: str | None
    notes: tuple[str, ...]
    basis: Basis | None
    notation: Notation | None
    path: tuple[tuple[int, int], ...]
    expected: str | None
    fetched_at: int
    source_time: int | None

    @property
    def race(self) -> str:
        return self.track_code if self.race_number is None else f"{self.track_code} R{self.race_number}"

    @property
    def to_post(self) -> str:
        return "" if self.minutes is None else f" ({self.minutes} MTP)"

    @property
    def text(self) -> str:
        told = f"{self.race} {self.what} {self.who} {self.move}{self.to_post} {self.condition}"
        over = " over:" if self.event == "resolved" else ""
        return f"{' '.join(told.split())} [{over.strip()}{' ' if over else ''}{self.kind}: {self.rule}]"

    def to_json(self) -> str:
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps(told, ensure_ascii=False)


def from_json(text: str) -> Detail:
    told: dict[str, Any] = json.loads(text)
    path: Sequence[Sequence[int]] = told["path"]
    return Detail(**{**told, "notes": tuple(told["notes"]), "path": tuple((at, price) for at, price in path)})
