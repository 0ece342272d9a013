"""SIGHUP: the files are read again. Faulty ones are told about, and change nothing."""

import logging

from horses_scrapy.config.load import Flags, load
from horses_scrapy.config.model import Settings
from horses_scrapy.errors import ConfigError

FIXED = ("system", "database", "logging")
"""A running process keeps its database, its locks, its pace of writing and its log files."""

logger = logging.getLogger(__name__)


def reloaded(settings: Settings, flags: Flags | None = None) -> Settings | None:
    """The settings that the files and .env give now, or None where they have a fault: every one was logged.

    Fixed sections stay as they are. A broken track counts as a fault: it was watched until now, and should not stop by a typo.
    """
    try:
        found = load(settings.config_file, flags=flags)
        faults = list(found.track_faults)
    except ConfigError as error:
        faults = str(error).splitlines()
    if faults:
        for fault in faults:
            logger.error("Not reloaded: %s", fault)
        return None
    changed = [name for name in FIXED if getattr(found, name) != getattr(settings, name)]
    for name in changed:
        logger.warning("%s.*: changes with the next start", name)
    return found.model_copy(update={name: getattr(settings, name) for name in changed})
