"""What alerts about ourselves say: what is wrong, since when, and where the runbook tells what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import ZoneInfo

from alerts.reading.facts import Finding
from alerts.reading.house import DISK, SCRAPYD
from alerts.rules import SystemRule
from alerts.rules.system import (
    CrawlFailuresRule,
    DatabaseRule,
    ErrorBurstRule,
    FailureRateRule,
    FrozenProbablesRule,
    MailFailingRule,
    OutcomeRule,
    PollingRule,
    SelectorHealthRule,
    StaleSourceRule,
)
from alerts.safe_header import clean
from alerts.system import SystemFiring
from alerts.wording.detail import Detail, Words
from horses_scrapy.clock import from_ms
from horses_scrapy.config import Track

CODE, NAME = "SYSTEM", "horses_scrapy"
"""In the place of a track, where an alert is of none."""
UNWATCHED = "Prices are not watched meanwhile: no alert does not mean no move"


@dataclass(frozen=True, slots=True)
class Telling:
    """A firing, and how instants are printed where it is about."""

    firing: SystemFiring
    zone: ZoneInfo

    @property
    def over(self) -> bool:
        return self.firing.event == "resolved"

    @property
    def finding(self) -> Finding:
        return self.firing.finding

    @property
    def value(self) -> int:
        return self.finding.value // 1000

    def time(self, instant: int) -> str:
        return f"{from_ms(instant).astimezone(self.zone):%H:%M %Z}"


def of_system(firing: SystemFiring, track: Track | None, now_ms: int) -> Detail:
    """`track`: None where the alert is of none."""
    timezone = "UTC" if track is None else track.timezone
    told = Telling(firing, ZoneInfo(timezone))
    words = WORDS[type(firing.rule)](firing.rule, told)
    return Detail(
        track_key="" if track is None else track.key,
        track_code=CODE if track is None else clean(track.code),
        track_name=NAME if track is None else clean(track.name),
        timezone=timezone,
        race_date=f"{from_ms(now_ms).astimezone(told.zone):%Y-%m-%d}",
        race_number=None,
        post_time=None,
        url="" if track is None else track.page or track.base_url,
        source=NAME if track is None else clean(track.source),
        rule=firing.rule.name,
        kind=firing.rule.kind,
        severity=firing.rule.severity,
        event=firing.event,
        what=words.what,
        who=words.who,
        move=words.move,
        condition=words.condition,
        minutes=None,
        pool=None,
        points=None,
        notes=(*words.notes, *_closing(told, now_ms)),
        basis=None,
        notation=None,
        path=(),
        expected=None,
        fetched_at=now_ms,
        source_time=None,
    )


def _closing(told: Telling, now_ms: int) -> tuple[str, ...]:
    if told.over:
        minutes = (now_ms - told.firing.since) // 60_000
        return (f"It was told at {told.time(told.firing.since)}, {minutes} min ago",)
    return (f'What to do: docs/runbook.md, "Alerts about ourselves", {told.firing.rule.kind}',)


def stale(_: StaleSourceRule, told: Telling) -> Words:
    newest = "none yet" if told.finding.at is None else told.time(told.finding.at)
    if told.over:
        return Words(what="source", move="shows boards again", condition=f"newest {newest}")
    return Words(
        what="source",
        move=f"no sound board for {told.value} min",
        condition=f"R{told.finding.race} is near its post",
        notes=(f"Newest sound board: {newest}", UNWATCHED),
    )


def in_a_row(_: CrawlFailuresRule, told: Telling) -> Words:
    if told.over:
        return Words(what="crawls", move="work again", condition=_newest(told))
    return Words(what="crawls", move=f"{told.value} in a row failed", condition=_newest(told), notes=_quoted(told))


def outcome(_: OutcomeRule, told: Telling) -> Words:
    name = clean(told.finding.subject)
    if told.over:
        return Words(what="crawl", move="ended well", condition=f"after {name}")
    return Words(what="crawl", move=f"ended {name}", condition=_newest(told), notes=_quoted(told))


def frozen(_: FrozenProbablesRule, told: Telling) -> Words:
    if told.over:
        return Words(what="prices", move="move again")
    boards = f"{told.value} board{'' if told.value == 1 else 's'}"
    return Words(
        what=f"R{told.finding.race}",
        move="prices stand still while the pool grows",
        condition=f"on its last {boards}",
        notes=("Such boards are flagged frozen, and no rule reads them",),
    )


def selector(_: SelectorHealthRule, told: Telling) -> Words:
    usual = f"usual is {(told.finding.before or 0) // 1000} %"
    filled = f"{told.finding.told[0]} filled ({told.value} %)"
    return Words(what=clean(told.finding.subject), move=filled, condition=f"{usual}, in the median of earlier crawls")


def failure_rate(rule: FailureRateRule, told: Telling) -> Words:
    count, *last = told.finding.told
    return Words(
        what="crawls",
        move=f"{count} failed ({told.value} %)",
        condition=f"in {rule.minutes:g} min, {'under' if told.over else 'at least'} {rule.percent:g} %",
        notes=tuple(f"The last: {clean(text)}" for text in last),
    )


def error_burst(rule: ErrorBurstRule, told: Telling) -> Words:
    return Words(
        what="crawls",
        move=f"{told.value} errors and rejected items",
        condition=f"in {rule.minutes:g} min, {'under' if told.over else 'at least'} {rule.errors}",
        notes=_quoted(told),
    )


def database(rule: DatabaseRule, told: Telling) -> Words:
    if told.finding.subject == DISK:
        side = "above" if told.over else "under"
        return Words(what="disk", move=f"{told.value:,} MB free", condition=f"{side} {rule.free_mb:,} MB")
    if told.over:
        return Words(what="database", move="is written again")
    since = "" if told.finding.at is None else f"since {told.time(told.finding.at)}"
    return Words(what="database", move="could not be written", condition=since, notes=_quoted(told))


def mail_failing(_: MailFailingRule, told: Telling) -> Words:
    what = f"channel {clean(told.finding.subject)}"
    if told.over:
        return Words(what=what, move="delivers again")
    dead = told.finding.told[0] if told.finding.told else None
    waits = told.finding.value >= (told.finding.threshold or 0)
    since = f"since {told.time(told.finding.at)}" if waits and told.finding.at is not None else ""
    given_up = "" if dead is None else f"{dead} given up in the last hour"
    return Words(
        what=what,
        move=f"messages wait for {told.value} min" if waits else given_up,
        condition=since,
        notes=(given_up,) if waits and given_up else (),
    )


def polling(_: PollingRule, told: Telling) -> Words:
    since = "" if told.finding.at is None else f"since {told.time(told.finding.at)}"
    if told.finding.subject == SCRAPYD:
        if told.over:
            return Words(what="scrapyd", move="answers again")
        move = f"has not answered for {told.value} s"
        return Words(what="scrapyd", move=move, condition=since, notes=(*_quoted(told), UNWATCHED))
    if told.over:
        return Words(what="windows", move="start again")
    first, *others = map(clean, told.finding.told)
    return Words(
        what=f"window {first}",
        move=f"has not started {told.value} s after it was due",
        condition=since,
        notes=(*(f"Neither has {job}" for job in others), UNWATCHED),
    )


def _newest(told: Telling) -> str:
    return "" if told.finding.at is None else f"the newest at {told.time(told.finding.at)}"


def _quoted(told: Telling) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean(text) for text in told.finding.told if text))


WORDS: Mapping[type[SystemRule], Callable[..., Words]] = MappingProxyType(
    {
        StaleSourceRule: stale,
        CrawlFailuresRule: in_a_row,
        OutcomeRule: outcome,
        FrozenProbablesRule: frozen,
        SelectorHealthRule: selector,
        FailureRateRule: failure_rate,
        ErrorBurstRule: error_burst,
        DatabaseRule: database,
        MailFailingRule: mail_failing,
        PollingRule: polling,
    }
)
