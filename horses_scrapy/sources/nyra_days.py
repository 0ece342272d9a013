"""config/nyra.yaml: the races of NYRA Bets with their pool ids, which only the site's page lists.

`<source_key>: <date>: <race number>: {race_id, post_time, runners, pools}`, read strictly: a fault names file, line and key.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from horses_scrapy.config.block import Block, Line
from horses_scrapy.config.yaml_file import YamlFile, faults, read
from horses_scrapy.errors import ConfigError

PoolCode = Literal["WN", "PL", "SH", "EX", "TR", "SU"]
Id = Annotated[int, Field(gt=0, strict=True)]
Number = Annotated[str, Field(pattern=r"^[1-9]\d?[A-Z]?$")]


class Listed(Block):
    """One race. `post_time` has its offset; `runners` are names by program number; `pools` the service's pool ids."""

    race_id: Id
    post_time: AwareDatetime
    runners: dict[Number, Annotated[Line, Field(min_length=1)]] = Field(default_factory=dict)
    pools: dict[PoolCode, Id]

    @model_validator(mode="after")
    def _pools_apart(self) -> "Listed":
        if "WN" not in self.pools:
            raise ValueError("pools: WN is required: it tells the win odds")
        if len(set(self.pools.values())) != len(self.pools):
            raise ValueError("pools: two of them have the same id")
        return self


Days = dict[tuple[str, date, int], Listed]
"""By source_key, date and race number."""


def read_days(path: Path) -> Days:
    """Every race of the file. Raises ConfigError that names all faults at once."""
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file; sources.nyra.data_path of tracks.yaml names it")
    file = read(path)
    bad: list[str] = []
    days = dict(_races(file, bad))
    bad += _shared_ids(days, file)
    if bad:
        raise ConfigError("\n".join(bad))
    return days


def _races(file: YamlFile, bad: list[str]) -> Iterator[tuple[tuple[str, date, int], Listed]]:
    for track, by_day in _mapping(file, (), file.data, bad):
        for day, by_number in _mapping(file, (track,), by_day, bad):
            for number, block in _mapping(file, (track, day), by_number, bad):
                where = (str(track), str(day), str(number))
                if not _sound_keys(file, where, day, number, bad):
                    continue
                try:
                    yield (str(track), day, number), Listed.model_validate(block)
                except ValidationError as error:
                    bad += faults(error, Listed, file, where)


def _mapping(file: YamlFile, at: tuple[Any, ...], value: Any, bad: list[str]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
        return
    where = tuple(map(str, at))
    bad.append(f"{file.where(where)}: {'.'.join(where)}: a mapping is expected: date, race number, then the race")


def _sound_keys(file: YamlFile, where: tuple[str, str, str], day: Any, number: Any, bad: list[str]) -> bool:
    at = f"{file.where(where)}: {'.'.join(where)}"
    if type(day) is not date:
        bad.append(f"{at}: {day!r} is no date; write it like 2026-11-28, without quotes")
        return False
    if type(number) is not int or not 1 <= number <= 99:
        bad.append(f"{at}: {number!r} is no race number; write a number from 1 to 99, without quotes")
        return False
    return True


def _shared_ids(days: Days, file: YamlFile) -> Iterator[str]:
    """An id that stands twice would show one race's board as another's."""
    seen: dict[int, str] = {}
    for (track, day, number), listed in days.items():
        where = (track, day.isoformat(), str(number))
        for code, pool_id in listed.pools.items():
            here = f"{'.'.join(where)}.pools.{code}"
            if pool_id in seen:
                yield f"{file.where((*where, 'pools', code))}: {here}: {pool_id} is already that of {seen[pool_id]}"
            seen.setdefault(pool_id, here)
