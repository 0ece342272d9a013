"""What config.py prints: values with their origin, and the faults of all files."""

from collections.abc import Iterable

from alerts.tools import check as rules
from horses_scrapy.config.floors import floor_warnings
from horses_scrapy.config.load import Flags, load_told
from horses_scrapy.config.model import Settings
from horses_scrapy.config.show import lines
from horses_scrapy.errors import OK, USAGE, ConfigError
from horses_scrapy.upkeep import screen


def show(path: str | None, flags: Flags, *, origin: bool, section: str | None) -> int:
    told = load_told(path, flags=flags)
    _say(lines(told, origin=origin, section=section))
    _say(f"warning: {line}" for line in floor_warnings(told.settings))
    return OK


def check(path: str | None, flags: Flags) -> int:
    """0, or 2 with a line for each fault."""
    faults, warnings = _looked(path, flags)
    _say(f"error: {line}" for line in faults)
    _say(f"warning: {line}" for line in warnings)
    if not faults:
        _say(["The configuration is sound"])
    return USAGE if faults else OK


def _looked(path: str | None, flags: Flags) -> tuple[list[str], list[str]]:
    try:
        settings = load_told(path, flags=flags).settings
    except ConfigError as error:
        return str(error).splitlines(), []
    return [*settings.track_faults, *_of_rules(settings)], floor_warnings(settings)


def _of_rules(settings: Settings) -> list[str]:
    """What a mailer or an alert engine would refuse to start with."""
    return rules.look(settings, settings.alerts_file, None).errors


def _say(text: Iterable[str]) -> None:
    for line in text:
        screen.say(line)
