"""Intervals that a source's floor raises: what the operator asked for, and what he gets."""

from horses_scrapy.config.cadence import INTERVALS, Scraping
from horses_scrapy.config.model import Settings
from horses_scrapy.config.tracks import PUBLIC_FLOOR


def floor_of(settings: Settings, track: str) -> tuple[int, str]:
    """Seconds, and whose they are."""
    source = settings.tracks[track].source
    told = settings.sources[source]
    whose = "a public host" if told.access == "public" and told.floor <= PUBLIC_FLOOR else f"source {source}"
    return told.shortest_interval, whose


def floor_warnings(settings: Settings) -> list[str]:
    """A line for each track that is watched and asks for intervals below the floor; the defaults are nobody's wish."""
    found = []
    for key in settings.enabled_tracks:
        floor, whose = floor_of(settings, key)
        low = _asked_below(settings.scraping.with_changes(settings.tracks[key].cadence), floor)
        if low:
            asked = ", ".join(f"{name} {seconds} s" for name, seconds in low.items())
            found.append(f"{key}: raised to {floor} s, the floor of {whose}: {asked}")
    return found


def _asked_below(told: Scraping, floor: int) -> dict[str, int]:
    asked = {name: int(getattr(told, name)) for name in INTERVALS}
    return {name: s for name, s in asked.items() if s < floor and s != Scraping.model_fields[name].default}
