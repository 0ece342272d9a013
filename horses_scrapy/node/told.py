"""What scrapyd's hooks are told by our configuration: they are made by scrapyd, which knows only its own."""

import functools

from horses_scrapy import config
from horses_scrapy.config import Settings

SPARE = 4
"""Jobs at once beyond one for each track: updates, and crawls by hand."""


@functools.cache
def settings() -> Settings:
    """Of this scrapyd, for as long as it runs: HORSES_CONFIG names the file."""
    return config.load()


def max_proc(told: Settings) -> int:
    """A job mostly waits for its turn or for its next poll: fewer than one for each track would make the others late."""
    return len(told.enabled_tracks) + SPARE
