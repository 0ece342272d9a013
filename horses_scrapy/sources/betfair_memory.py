"""What Betfair's catalogue has shown of a day, kept from run to run: it forgets a race that is settled, we may not."""

import tempfile
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from horses_scrapy.errors import ParseError
from horses_scrapy.sources.betfair_card import Race

KEPT = timedelta(days=30)
_RACES = TypeAdapter(tuple[Race, ...])


class Memory:
    """One file per track and day: `<folder>/<track>-<date>.json`. Only the run that has the track's lease writes it."""

    def __init__(self, folder: Path, track: str, day: date) -> None:
        self._folder, self._track, self._day = folder, track, day
        self._path = folder / f"{track}-{day.isoformat()}.json"

    def races(self) -> tuple[Race, ...]:
        """Raises ParseError for a file that is not ours."""
        try:
            return _RACES.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise ParseError(f"{self._path}: not the races of a day; remove the file") from error

    def keep(self, races: Iterable[Race]) -> None:
        """These, and those known that are not among them."""
        kept = {race.number: race for race in (*self.races(), *races)}
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            file.write(_RACES.dump_json(tuple(kept[number] for number in sorted(kept))))
        Path(file.name).replace(self._path)
        self._drop_old()

    def _drop_old(self) -> None:
        oldest = f"{self._track}-{(self._day - KEPT).isoformat()}.json"
        for path in self._folder.glob(f"{self._track}-????-??-??.json"):
            if path.name < oldest:
                path.unlink(missing_ok=True)
