"""Which source's boards an answer about a race is made from, and what the rule file says of reading them."""

import logging
from dataclasses import dataclass

from alerts.rules import RuleSet, load_rules
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage.race_boards import RaceSource, race_sources
from horses_scrapy.storage.race_list import ListedRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.errors import NotThere
from horses_scrapy.web.facts.names import the_race

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shower:
    """A race and the source that is asked about it; None where no source has shown the race yet."""

    race: ListedRace
    source: RaceSource | None


def shower_of(reading: Reading, race_id: int, source: str | None) -> Shower:
    """The race's primary source, or the one that is named. Raises NotThere for one that does not show the race."""
    race = the_race(reading, race_id)
    sources = race_sources(reading.connection, race_id)
    found = next((one for one in sources if source in (None, one.name)), None)
    if found is None and source is not None:
        raise NotThere("that source of this race")
    return Shower(race, found)


def rules_of(reading: Reading) -> RuleSet:
    """What stands where nobody wrote a rule, while the file is one that cannot be read: a board must not wait for it."""
    try:
        return load_rules(reading.settings.alerts_file)
    except ConfigError as error:
        log.warning("The rule file cannot be read; its defaults are taken: %s", error)
        return RuleSet()
