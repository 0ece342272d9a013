"""The user's own fair odds: CSV files in one folder, read again when one changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from horses_scrapy.storage.board_view import RaceView


@dataclass(frozen=True, slots=True)
class Lines:
    """`folder`: where the files are; None where nobody has any."""

    folder: Path | None = None

    def of(self, _race: RaceView) -> Mapping[str, int]:
        """Fair prices in thousandths, by label of the betting interest."""
        return {}
