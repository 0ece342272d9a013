"""From what went wrong to the name that a run ends with."""

from collections.abc import Sequence
from dataclasses import dataclass

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from sqlalchemy.exc import SQLAlchemyError

from horses_scrapy.errors import SourceError, StoreError, UnknownOdds
from horses_scrapy.storage.runs import GOOD, Superseded

WORST_FIRST = (
    "superseded", "memory", "store_error", "blocked", "timeout", "unavailable", "parse_error", "empty", "no_card", "skipped", "ok",
)  # fmt: skip
"""Of several problems in one run, the one that a person has to act on first names its outcome."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A crawl_run outcome (storage/schema.py OUTCOMES) and the words that explain it."""

    name: str
    reason: str | None = None


def of_exception(error: BaseException) -> Outcome:
    """The outcome that an exception of a download, a callback or a pipeline stands for."""
    return Outcome(_name(error), _words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status} from {error.response.url}"
    return f"{type(error).__name__}: {error}"


def _name(error: BaseException) -> str:  # noqa: C901, PLR0911 (a table in the form of a match)
    match error:
        case Superseded():
            return "superseded"
        case MemoryError():
            return "memory"
        case StoreError() | SQLAlchemyError():
            return "store_error"
        case SourceError():
            return error.outcome
        case UnknownOdds() | ResponseDataLossError():
            return "parse_error"
        case HttpError():
            return _of_status(error.response.status)
        case DownloadTimeoutError():
            return "timeout"
        case DownloadConnectionRefusedError() | CannotResolveHostError() | DownloadFailedError():
            return "unavailable"
        case DownloadCancelledError():  # larger than DOWNLOAD_MAXSIZE
            return "parse_error"
        case IgnoreRequest():
            return "blocked"
        case _:
            return "parse_error"


def _of_status(status: int) -> str:
    """A refusing status never comes here: the Refusals middleware has raised Blocked."""
    return "unavailable" if status >= 500 else "empty"


def worst(problems: Sequence[Outcome]) -> Outcome:
    """The problem that names the run, or ok."""
    return min(problems, key=lambda problem: WORST_FIRST.index(problem.name), default=Outcome("ok"))


def is_good(end: Outcome) -> bool:
    """Whether nobody has to act on how a round ended; a round that was superseded ends its run."""
    return end.name in GOOD and end.name != "superseded"


def of_rounds(ends: Sequence[Outcome], *, made_good: bool) -> Outcome:
    """How a run ended. made_good: a later good round makes up for a bad one, as the polls of a window do for each other.

    Days do not, so the worst one names their run. Good rounds are `ok` where one of them was: a day without racing, or a
    race that is over, takes nothing from the others.
    """
    bad = [end for end in ends if not is_good(end)]
    if bad and not (made_good and is_good(ends[-1])):
        return worst(bad)
    good = [end for end in ends if is_good(end)]
    return Outcome("ok") if any(end.name == "ok" for end in good) else worst(good)


def made_good(ends: Sequence[Outcome]) -> str | None:
    """What the good rounds of a window made up for; None where there was nothing, or where it was not made good."""
    bad = [end for end in ends if not is_good(end)]
    if not bad or not is_good(ends[-1]):
        return None
    first = worst(bad)
    return f"{len(bad)} of {len(ends)} polls failed: {first.name}: {first.reason}"
