"""What decisions are made by beside the alerts themselves, as it stands at one instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from horses_scrapy.storage.deliveries import RunnerNow, Sent
from horses_scrapy.storage.outbox_rows import Waiting
from horses_scrapy.storage.silences import Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """now_ms: the one `now` of a flush.

    sent: messages made in the last two days for recipients with alerts waiting. last: when the newest of a group
    (delivery.group.Key) was made. runners: of races with alerts waiting. down: track key -> why its source is down.
    """

    now_ms: int
    sent: Sequence[Sent] = ()
    last: Mapping[tuple[str, str, str, bool], int] = field(default_factory=dict)
    runners: Mapping[int, Sequence[RunnerNow]] = field(default_factory=dict)
    down: Mapping[str, str] = field(default_factory=dict)
    silences: Sequence[Silence] = ()

    def concerned(self, each: Waiting) -> list[RunnerNow]:
        """The entries that an alert is about: of its interest or its pair, or the one of its program number."""
        named = set(each.subject.split("-")) if each.subject else set()
        runners = () if each.race_id is None else self.runners.get(each.race_id, ())
        return [runner for runner in runners if named & {runner.label, runner.program_number}]
