"""How much of the card each source told: of races that were run, and of their runners. It informs, and fails nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from horses_scrapy.quality.phase import OFF, is_sound, was_run
from horses_scrapy.quality.verdict import Asked
from horses_scrapy.storage.quality.facts import RaceFacts, SourceFacts


@dataclass(slots=True)
class Coverage:
    """Of one source. races: that it told of and that were run; runners: active ones of those with boards."""

    source: str
    races: int = 0
    with_boards: int = 0
    with_final: int = 0
    with_exactas: int = 0
    boards: int = 0
    suspect: int = 0
    runners: int = 0
    runners_quoted: int = 0

    def add(self, race: RaceFacts, of: SourceFacts) -> None:
        self.races += 1
        self.with_boards += bool(of.boards)
        self.with_final += any(seen.status in OFF and is_sound(seen) for seen in of.boards)
        self.with_exactas += any(seen.exactas for seen in of.boards)
        self.boards += len(of.boards)
        self.suspect += sum(not is_sound(seen) for seen in of.boards)
        if of.boards:
            active = [entry for entry in race.entries if entry.status == "active"]
            self.runners += len(active)
            self.runners_quoted += sum(entry.interest_id in of.quoted for entry in active)


class CoverageTable:
    def __init__(self) -> None:
        self._rows: dict[str, Coverage] = {}

    def add(self, races: Iterable[RaceFacts], asked: Asked) -> None:
        for race in races:
            if was_run(race, asked):
                for one in race.sources:
                    self._rows.setdefault(one.source.name, Coverage(one.source.name)).add(race, one)

    @property
    def rows(self) -> list[Coverage]:
        return [self._rows[name] for name in sorted(self._rows)]


def percent(part: int, whole: int) -> str:
    """Rounded down; nothing of nothing is a dash."""
    return f"{part * 100 // whole} %" if whole else "-"
