"""Everything that was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from horses_scrapy.quality.coverage import Coverage
from horses_scrapy.quality.tally import Tally
from horses_scrapy.storage.quality.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    window: Window
    races: int
    tallies: Sequence[Tally]
    coverage: Sequence[Coverage]

    @property
    def failed(self) -> bool:
        return any(tally.failed for tally in self.tallies)
