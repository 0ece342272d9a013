"""Which source's boards an answer about a race is made from, and what the rule file says of reading them."""

import logging
from dataclasses import dataclass

from alerts.rules import RuleSet, load_rules
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.race_boards import Teller
from horses_scrapy.storage.stored_race import StoredRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.errors import NotThere
from horses_scrapy.web.facts.names import the_race

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shower:
    """The race and the source that is asked about it; None where no source has shown the race yet."""

    stored: StoredRace
    teller: Teller | None

    @property
    def source(self) -> str | None:
        return None if self.teller is None else self.teller.source.name


def stored_race(reading: Reading, race: int | StoredRace) -> StoredRace:
    """By its id, or the one that another part of the answer has begun to read. Raises NotThere."""
    return race if isinstance(race, StoredRace) else StoredRace(reading.connection, the_race(reading, race))


def shower_of(reading: Reading, race: int | StoredRace, source: str | None) -> Shower:
    """The race's primary source, or the one that is named. Raises NotThere for one that does not show the race."""
    stored = stored_race(reading, race)
    found = next((one for one in stored.tellers if source in (None, one.source.name)), None)
    if found is None and source is not None:
        raise NotThere("that source of this race")
    return Shower(stored, found)


def rules_of(reading: Reading) -> RuleSet:
    """What stands where nobody wrote a rule, while the file is one that cannot be read: a board must not wait for it."""
    return reading.once("rules", lambda: _rules(reading))


def _rules(reading: Reading) -> RuleSet:
    try:
        return load_rules(reading.settings.alerts_file)
    except ConfigError as error:
        log.warning("The rule file cannot be read; its defaults are taken: %s", error)
        return RuleSet()
