"""`scrapy sources`: every source and its tracks: enabled, which credentials are missing, how the last run ended."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from scrapy.commands import ScrapyCommand

from horses_scrapy import clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.fixtures import spider_class
from horses_scrapy.storage.engine import address_of, open_store
from horses_scrapy.storage.runs import LastRun, last_runs
from horses_scrapy.track_spider import missing_credentials


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def short_desc(self) -> str:
        return "List sources and tracks: enabled, credentials, last outcome"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 (Scrapy's signature)
        assert self.settings is not None
        settings: Settings = self.settings["HORSES"]
        _print(settings, _last_runs(settings))


def _last_runs(settings: Settings) -> Mapping[str, LastRun]:
    """Nothing is made by looking: without a database no track has a run."""
    if not address_of(settings).exists():
        return {}
    store = open_store(settings, clock.from_environment())
    try:
        with store.read() as connection:
            return last_runs(connection)
    finally:
        store.close()


def _print(settings: Settings, runs: Mapping[str, LastRun]) -> None:
    from rich.console import Console  # noqa: PLC0415 (every crawl imports every command)
    from rich.table import Column, Table  # noqa: PLC0415

    table = Table("source", Column("spider", no_wrap=True), "enabled", "credentials", "last outcome")
    for name in settings.sources:
        tracks = [track for track in settings.tracks.values() if track.source == name]
        for row in _rows(settings, name, tracks, runs):
            table.add_row(*row)
        table.add_section()
    console = Console()
    console.print(table)
    for fault in settings.track_faults:
        console.print(fault, style="red", markup=False, highlight=False)


def _rows(
    settings: Settings, source: str, tracks: list[Track], runs: Mapping[str, LastRun]
) -> Iterator[tuple[str, str, str, str, str]]:
    for index, track in enumerate(tracks):
        enabled = track.key in settings.enabled_tracks
        yield (
            source if index == 0 else "",
            f"track_{track.key}",
            "yes" if enabled else "no" if settings.sources[source].enabled else "no: the source is not",
            _credentials(settings, track),
            _outcome(runs.get(track.key), track),
        )


def _credentials(settings: Settings, track: Track) -> str:
    spider = spider_class(track.key)
    if not spider.required_auth:
        return "none needed"
    missing = missing_credentials(
        spider.required_auth, settings.sources[track.source], settings.home, settings.credentials
    )
    return "; ".join(missing) or "set"


def _outcome(run: LastRun | None, track: Track) -> str:
    if run is None:
        return "never run"
    at = clock.from_ms(run.started_at).astimezone(ZoneInfo(track.timezone))
    return f"{run.outcome or 'running'} {at:%Y-%m-%d %H:%M %Z}" + (", degraded" if run.degraded else "")
