"""Every failure this project names, and the exit code a command ends with because of it."""

from typing import ClassVar

OK = 0
FATAL = 1
USAGE = 2
ALREADY_RUNNING = 3
PARTIAL = 4
UNHEALTHY = 5


class HorsesError(Exception):
    """Base of our errors: its text names what is wrong, where, and what to do."""

    exit_code: ClassVar[int] = FATAL


class ConfigError(HorsesError):
    """A configuration file, environment variable or flag that cannot be used; names all faults found at once."""

    exit_code = USAGE


class AlreadyRunning(HorsesError):
    """Another instance holds the lock; names its process id and age."""

    exit_code = ALREADY_RUNNING


class Unhealthy(HorsesError):
    """A health check failed; names the check."""

    exit_code = UNHEALTHY


class UnknownOdds(HorsesError, ValueError):
    """Odds text outside the notation its source declares: never 0, never a guess."""


class StoreError(HorsesError):
    """The database refused a write."""


class StoreBusy(StoreError):
    """The write lock was not free before the deadline; names the process that holds it."""


class StoreBroken(StoreError):
    """The file is damaged, or the disk under it failed. Never tried again in a process that runs on: a second fsync lies."""


class ScrapydError(HorsesError):
    """scrapyd is down, slow, or answered with an error."""


class SourceError(HorsesError):
    """A response that holds no usable board; `outcome` is what the crawl run ends with."""

    outcome: ClassVar[str] = "parse_error"


class ParseError(SourceError):
    """The response is not in the form that its source declares."""


class EmptyResponse(SourceError):
    """The page or document came back without content."""

    outcome = "empty"


class Blocked(SourceError):
    """The site refused us: 401, 403, 429, 451, a login page, or HTML where JSON is due."""

    outcome = "blocked"


class NoCard(SourceError):
    """The track does not race on the date that was asked for."""

    outcome = "no_card"


class MissingCredentials(SourceError):
    """The source asks for credentials that are not set; names what to set. The run is skipped, not failed."""

    outcome = "skipped"


class MissingBrowser(SourceError):
    """A board that needs a browser, and none that starts; names what to install. The run is skipped, not failed."""

    outcome = "skipped"


class NothingDue(SourceError):
    """No stored race is as near to its post as was asked for."""

    outcome = "skipped"


class NoTurn(SourceError):
    """A host's turn would come too late: all polls of the host together are more than its rate limit lets through."""

    outcome = "timeout"


class Stopped(SourceError):
    """The crawl was told to stop while it waited for its turn."""

    outcome = "skipped"
