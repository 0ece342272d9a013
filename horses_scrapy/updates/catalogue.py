"""What updates there are, what each asks its tracks' spiders for, and the options that a person may add."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import combinations

from horses_scrapy.config.updates import (
    DailyData,
    HistoricalSync,
    LiveData,
    Update,
    Updates,
    WeeklyReconciliation,
)
from horses_scrapy.errors import ConfigError

NAMES = Updates.NAMES
IN_PROCESS = frozenset({"reference_data"})
"""Those that ask no site: no job, no scrapyd."""
WEEK, MOST_DAYS = 7, 366

Arguments = dict[str, str]
"""A spider's (`-a`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person asks for beside the name; None and False: as config.yaml says."""

    days_ahead: int | None = None
    days_back: int | None = None
    weekly: bool = False
    racecards_only: bool = False
    results_only: bool = False
    races_only: bool = False
    courses_only: bool = False
    bookmakers_only: bool = False

    @property
    def given(self) -> list[str]:
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return [name for name, value in values.items() if value is not None and value is not False]


PLAIN = Options()
VALID: dict[str, frozenset[str]] = {
    "live_data": frozenset({"races_only", "results_only"}),
    "daily_data": frozenset({"days_ahead", "days_back", "weekly", "racecards_only", "results_only"}),
    "weekly_reconciliation": frozenset({"days_back", "weekly"}),
    "reference_data": frozenset({"courses_only", "bookmakers_only"}),
    "historical_sync": frozenset({"days_back"}),
}
_ALONE = (
    ("racecards_only", "results_only", "races_only"),
    ("courses_only", "bookmakers_only"),
    ("weekly", "days_back"),
    ("weekly", "days_ahead"),
    ("weekly", "racecards_only"),
    ("racecards_only", "days_back"),
    ("results_only", "days_ahead"),
)
"""Of each line one at most: together they contradict each other, or one would do nothing."""


def flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def check(names: Sequence[str], options: Options) -> None:
    """Raises ConfigError for a name that is none, and for options that do not go with it or with each other."""
    found = [*_unknown(names), *_foreign(names, options), *_contradictions(options.given), *_out_of_range(options)]
    if found:
        raise ConfigError("; ".join(found))


def _unknown(names: Sequence[str]) -> Iterable[str]:
    return [f"--update {name}: no such update; there are {', '.join(NAMES)}" for name in names if name not in NAMES]


def _foreign(names: Sequence[str], options: Options) -> Iterable[str]:
    for option in options.given:
        for name in names:
            if name in VALID and option not in VALID[name]:
                owners = [other for other in NAMES if option in VALID[other]]
                yield f"{flag(option)} is no option of {name}, but of {', '.join(owners)}"


def _contradictions(given: Sequence[str]) -> Iterable[str]:
    for group in _ALONE:
        for one, other in combinations([option for option in group if option in given], 2):
            yield f"{flag(one)} and {flag(other)} exclude each other"


def _out_of_range(options: Options) -> Iterable[str]:
    for option in ("days_ahead", "days_back"):
        days = getattr(options, option)
        if days is not None and not 0 <= days <= MOST_DAYS:
            yield f"{flag(option)} {days}: 0 to {MOST_DAYS} days are expected"


def jobs(told: Update, options: Options = PLAIN) -> tuple[Arguments, ...]:
    """The arguments of each of a track's jobs, in the order in which they run."""
    match told:
        case LiveData():
            return (_live(options),)
        case DailyData():
            return tuple(_daily(told, options))
        case WeeklyReconciliation():
            return _results(WEEK if options.weekly else _chosen(options.days_back, told.days_back))
        case HistoricalSync():
            days = _chosen(options.days_back, told.days_back)
            return ({"days_back": str(days), "sync": "1"},) if days else ()
    return ()


def _live(options: Options) -> Arguments:
    if options.races_only:
        return {"only": "boards"}
    return {"only": "results"} if options.results_only else {}


def _daily(told: DailyData, options: Options) -> Iterable[Arguments]:
    if not (options.results_only or options.weekly):
        ahead = _chosen(options.days_ahead, told.days_ahead)
        yield {"only": "card", "days_ahead": str(ahead)} if ahead else {"only": "card"}
    if not options.racecards_only:
        yield from _results(WEEK if options.weekly else _chosen(options.days_back, told.days_back))


def _results(days_back: int) -> tuple[Arguments, ...]:
    return ({"only": "results", "days_back": str(days_back)},) if days_back else ()


def _chosen(asked: int | None, told: int) -> int:
    return told if asked is None else asked
