"""Which of the enabled tracks a command is about."""

import re

from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage import failed_runs
from horses_scrapy.storage.looking import stored

TOGETHER_MS = 60_000
"""Polls of one kind that were due so near to each other were queued together."""


def in_regions(settings: Settings, told: str) -> Settings:
    """`GB,IE`: only tracks of these countries. Raises ConfigError for one in which no track lies."""
    regions = [region.strip().upper() for region in told.split(",") if region.strip()]
    known = sorted({track.country for track in settings.tracks.values()})
    unknown = [region for region in regions if region not in known]
    if unknown or not regions:
        raise ConfigError(f"--region {told}: no track lies in {', '.join(unknown) or 'it'}; known: {', '.join(known)}")
    keys = {key for key, track in settings.tracks.items() if track.country in regions}
    _refuse_none(settings, keys, f"--region {told}")
    return settings.watching(keys)


def _refuse_none(settings: Settings, keys: set[str], told: str) -> None:
    if not keys & settings.enabled_tracks.keys():
        where = settings.config_file.with_name("tracks.yaml")
        raise ConfigError(f"{told}: none of its tracks is enabled in {where}: {', '.join(sorted(keys))}")


def that_failed(settings: Settings, told: str) -> tuple[str, ...]:
    """Enabled tracks that failed in a run's batch: `12` a run, `u12` an update. Raises ConfigError where there is none."""
    match = re.fullmatch(r"(u?)([0-9]{1,15})", told, re.ASCII)
    if match is None:
        raise ConfigError(
            f"--failed-of {told}: the number of a run is expected, such as 12, or of an update, such as u12"
        )
    failed = _failed(settings, bool(match[1]), int(match[2]))
    if failed is None:
        kind = "update" if match[1] else "run"
        raise ConfigError(
            f"--failed-of {told}: there is no such {kind}: the log and crawl_run name those that there are"
        )
    return tuple(sorted(failed & settings.enabled_tracks.keys()))


def _failed(settings: Settings, update: bool, number: int) -> frozenset[str] | None:
    with stored(settings) as store:
        if store is None:
            return None
        with store.read() as connection:
            if update:
                return failed_runs.of_update(connection, number)
            return failed_runs.with_run(connection, number, TOGETHER_MS)
