"""alertctl replay: what rules give over a stored day, before anybody is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from alerts.lines import Lines
from alerts.rules import Rule, RuleSet, load_rules
from alerts.surroundings import surroundings
from alerts.tools import screen
from alerts.tools.against_live import Line, differences
from alerts.tools.database import reading
from alerts.tools.mails import Mails, estimate
from alerts.tools.replay import Replayed, replay
from alerts.tools.times import clock_time
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import FATAL, OK, ConfigError
from horses_scrapy.storage import alert_reader
from horses_scrapy.storage.alert_reader import RaceHead, StoredAlert

SYSTEM = "Rules about ourselves are not replayed: what they read of runs and mail is not kept."


@dataclass(frozen=True, slots=True)
class Try:
    """What to replay. file: other rules than those in force. every: print each alert too."""

    day: date
    track: str | None = None
    file: Path | None = None
    against_live: bool = False
    every: bool = False


def run(settings: Settings, now: Clock, tried: Try) -> int:
    """1 where the replay and the alerts that were told differ, and that was asked. Raises ConfigError without races."""
    file = settings.alerts_file if tried.file is None else tried.file
    rules = load_rules(file)
    around = replace(surroundings(settings, rules), lines=Lines(file.parent / rules.lines))
    with reading(settings, now) as connection:
        races = alert_reader.races_on(connection, tried.day.isoformat(), tried.track)
        if not races:
            raise ConfigError(f"{tried.day}: no race of {tried.track or 'any track'} is stored")
        ids = [race.race_id for race in races]
        found = list(replay(connection, ids, rules, around))
        told = alert_reader.alerts_of(connection, ids) if tried.against_live else []
    _print(settings, races, rules, found, every=tried.every)
    return _compare(told, found) if tried.against_live else OK


def _print(
    settings: Settings, races: Sequence[RaceHead], rules: RuleSet, found: Sequence[Replayed], *, every: bool
) -> None:
    heads = {race.race_id: race for race in races}
    if every:
        screen.say(
            f"{clock_time(one.detail.fetched_at, one.detail.timezone, seconds=True)} {one.detail.text}" for one in found
        )
        screen.say([""])
    screen.table(("rule", "kind", "alerts", "races"), _by_rule(rules, found), numbers=("alerts", "races"))
    screen.say([""])
    screen.table(("race", "alerts", "rules"), _by_race(races, found), numbers=("alerts",))
    screen.say(["", f"{races[0].race_date}: {len(found)} alerts in {len(races)} races", ""])
    mails = estimate(found, heads, rules.delivery, settings.smtp.recipients)
    _print_mails(mails)
    if rules.on_ourselves:
        screen.say(["", SYSTEM])


def _by_rule(rules: RuleSet, found: Sequence[Replayed]) -> Iterator[tuple[str, str, int, int]]:
    replayable: list[Rule] = [*rules.on_boards, *rules.on_events]
    for rule in sorted(replayable, key=rules.rules.index):
        mine = [one.race_id for one in found if one.rule.name == rule.name]
        yield rule.name, rule.kind, len(mine), len(set(mine))


def _by_race(races: Sequence[RaceHead], found: Sequence[Replayed]) -> Iterator[tuple[str, int, str]]:
    for race in races:
        mine = Counter(one.rule.name for one in found if one.race_id == race.race_id)
        told = ", ".join(f"{name} {count}" for name, count in sorted(mine.items()))
        yield f"{race.track_code} R{race.race_number}", sum(mine.values()), told


def _print_mails(mails: dict[str, Mails]) -> None:
    if not mails:
        screen.say(["no message: no alert has a recipient"])
        return
    rows = [
        (to, one.messages, one.summaries, one.alerts, ", ".join(f"{why} {count}" for why, count in sorted(one.ended.items())))
        for to, one in sorted(mails.items())
    ]  # fmt: skip
    headers = ("recipient", "messages", "summaries", "alerts in them", "alerts in none")
    screen.table(headers, rows, numbers=headers[1:4])


def _compare(told: Sequence[StoredAlert], found: Sequence[Replayed]) -> int:
    different = list(differences(told, found))
    if not different:
        screen.say(["", f"equal to the live run: {len(told)} alerts"])
        return OK
    screen.say(["", "not equal to the live run (- only told then, + only replayed now):"])
    screen.say(f"{sign} {_shown(line)}" for sign, line in different)
    return FATAL


def _shown(line: Line) -> str:
    return f"{line.triggered_at} {line.event} {line.message} value {line.value}"
