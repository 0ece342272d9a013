"""alertctl explain: why there was an alert, or none, and what became of it; over the stored boards and changes of a race."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from textwrap import wrap

from sqlalchemy import Connection

from alerts.reading import Judgement, Witness
from alerts.rules import BoardRule, RaceRule, Rule, RuleSet, SystemRule, load_rules
from alerts.rules.pair import ExactaOverlayRule, PayoutRule
from alerts.rules.price import PriceRule
from alerts.surroundings import surroundings
from alerts.tools import screen
from alerts.tools.against_live import differences
from alerts.tools.chain import MOVED, UNSEEN, Noted, Style, limit_of, lines
from alerts.tools.database import reading
from alerts.tools.history_of_alert import alert_lines
from alerts.tools.replay import Replayed, replay_race
from alerts.tools.times import clock_time, zone_name
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.items import OUT
from horses_scrapy.storage import alert_reader
from horses_scrapy.storage.alert_reader import Moment, RaceHead
from horses_scrapy.storage.board_reader import runners
from horses_scrapy.storage.board_view import RunnerView

WIDTH = 100
NOT_SEEN = "no price, not in its scope, or nothing to measure from"
OTHER_RULES = "The rules in force do not give the alerts that were told: the file, or a line, was changed since."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """program: of one horse, None for all; rule: of one rule."""

    track: str
    race: int
    program: str | None = None
    day: date | None = None
    rule: str | None = None


@dataclass(slots=True)
class Record:
    """What the rules made of a race: by rule, by subject (None: the rule as a whole)."""

    noted: defaultdict[str, defaultdict[str | None, list[Noted]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    boards: list[Moment] = field(default_factory=list)
    changes: int = 0

    def watch(self, moment: Moment) -> Witness:
        if moment.is_board and moment.asked:
            self.boards.append(moment)
        self.changes += not moment.is_board

        def witness(judgement: Judgement) -> None:
            self.noted[judgement.rule][judgement.subject].append(Noted(moment, judgement))

        return witness


def run(settings: Settings, now: Clock, asked: Question) -> int:
    """Raises ConfigError for a race, a program number or a rule that is not there."""
    rules = load_rules(settings.alerts_file)
    if asked.rule is not None and asked.rule not in {rule.name for rule in rules.rules}:
        raise ConfigError(f"--rule {asked.rule}: {settings.alerts_file} has no rule of this name")
    with reading(settings, now) as connection:
        race = _race(connection, asked)
        card = runners(connection, race.race_id)
        horses = _horses(card, asked)
        record = Record()
        replayed = list(replay_race(connection, race.race_id, rules, surroundings(settings, rules), record.watch))
        page = _Page(connection, race, rules, record, horses, asked)
        screen.say(page.head())
        screen.say(page.unread())
        screen.say(page.rules())
        screen.say(page.alerts(replayed))
    return OK


def _race(connection: Connection, asked: Question) -> RaceHead:
    day = alert_reader.newest_date(connection, asked.track) if asked.day is None else asked.day.isoformat()
    if day is None:
        raise ConfigError(f"--track {asked.track}: no race of a track with this key or code is stored")
    found = alert_reader.races_on(connection, day, asked.track, asked.race)
    if not found:
        raise ConfigError(f"{asked.track} R{asked.race} of {day} is not stored")
    return found[0]


def _horses(card: Sequence[RunnerView], asked: Question) -> list[RunnerView]:
    """Those of the interest that the program number belongs to; all where none is asked for."""
    if asked.program is None:
        return list(card)
    labels = {one.label for one in card if asked.program.upper() in {one.program_number, one.label}}
    if not labels:
        known = ", ".join(one.program_number for one in card) or "nobody"
        raise ConfigError(f"--program {asked.program}: the card has {known}")
    return [one for one in card if one.label in labels]


class _Page:
    """The parts of the answer, as lines."""

    def __init__(
        self,
        connection: Connection,
        race: RaceHead,
        rules: RuleSet,
        record: Record,
        horses: Sequence[RunnerView],
        asked: Question,
    ) -> None:
        self._connection = connection
        self._race = race
        self._rules = rules
        self._record = record
        self._horses = horses
        self._asked = asked
        self._source, notation = self._source_of(record.boards)
        self._style = Style(notation, race.timezone)  # type: ignore[arg-type]

    def _source_of(self, boards: Sequence[Moment]) -> tuple[str, str]:
        return alert_reader.source_of(self._connection, boards[0].key) if boards else ("no source", "board")

    def head(self) -> Iterator[str]:
        race, boards = self._race, self._record.boards
        post = "no post time" if race.post_time is None else f"post {clock_time(race.post_time, race.timezone)}"
        at = race.post_time or (boards[0].at if boards else None)
        zone = "" if at is None else f"; times in {zone_name(at, race.timezone)}, at the track"
        yield f"{race.track_code} R{race.race_number} of {race.race_date}, {race.track_name}: {race.status}, {post}{zone}"
        first_last = (
            f", {clock_time(boards[0].at, race.timezone)} to {clock_time(boards[-1].at, race.timezone)}"
            if boards
            else ""
        )
        yield f"{len(boards)} boards ({self._source}){first_last}; {self._record.changes} changes of the card"
        if self._asked.program is not None:
            yield from (
                f"#{one.program_number} {one.horse}{', ' + one.status if one.status in OUT else ''}"
                for one in self._horses
            )

    def unread(self) -> Iterator[str]:
        """Boards that no rule read, once for all rules."""
        noted = self._record.noted[""][None]
        if noted:
            yield from ["", "no rule read", *(f"  {line}" for line in lines(None, noted, self._style))]

    def rules(self) -> Iterator[str]:
        idle: defaultdict[str, list[str]] = defaultdict(list)
        for rule in self._rules.rules:
            if self._asked.rule not in {None, rule.name}:
                continue
            why = _not_asked(rule, self._race)
            if why is None:
                yield from ["", f"{rule.name} ({rule.kind})", *self._rule(rule)]
            else:
                idle[why].append(rule.name)
        if idle:
            yield from ["", "not asked about this race", *_idle_lines(idle)]

    def _rule(self, rule: Rule) -> list[str]:
        return list(self._made(rule)) or ["  nothing happened that it is about"]

    def _made(self, rule: Rule) -> Iterator[str]:
        mine = self._record.noted[rule.name]
        yield from (f"  {line}" for line in lines(rule, mine[None], self._style))
        subjects = [subject for subject in mine if subject is not None and self._is_asked(rule, subject)]
        told = [subject for subject in subjects if self._is_worth_it(rule, mine[subject])]
        for subject in told:
            if subject:
                yield f"  {_named(rule, subject)}"
            indent = "    " if subject else "  "
            yield from (f"{indent}{line}" for line in lines(rule, self._with_gaps(rule, subject, mine), self._style))
        yield from self._others(rule, [mine[subject] for subject in subjects if subject not in told])
        yield from self._never(rule, subjects)

    def _is_asked(self, rule: Rule | None, subject: str) -> bool:
        if self._asked.program is None or not subject:
            return True
        names = {name for one in self._horses for name in (one.label, one.program_number)}
        return not names.isdisjoint(subject.split("-") if _of_pairs(rule) else [subject])

    def _is_worth_it(self, rule: Rule, noted: Sequence[Noted]) -> bool:
        """Everything of the horse that was asked about; else only what was beyond the threshold at some time."""
        one_horse = self._asked.program is not None and not _of_pairs(rule)
        return one_horse or not isinstance(rule, BoardRule) or any(one.judgement.step in MOVED for one in noted)

    def _with_gaps(self, rule: Rule, subject: str, mine: dict[str | None, list[Noted]]) -> list[Noted]:
        """With the boards on which the subject could not be judged; those without the whole rule stand above."""
        if self._asked.program is None or not isinstance(rule, PriceRule):
            return mine[subject]
        unread = self._record.noted[""][None]
        seen = {one.moment.key for one in [*mine[subject], *mine[None], *unread] if one.moment.is_board}
        gaps = [
            Noted(board, Judgement(rule.name, subject, UNSEEN, NOT_SEEN))
            for board in self._record.boards
            if board.key not in seen
        ]
        place = {board.key: number for number, board in enumerate(self._record.boards)}
        return sorted([*mine[subject], *gaps], key=lambda one: place[one.moment.key])

    def _others(self, rule: Rule, others: Sequence[Sequence[Noted]]) -> Iterator[str]:
        readings = [one.judgement.reading for noted in others for one in noted if one.judgement.reading is not None]
        unread = sum(all(one.judgement.reading is None for one in noted) for noted in others)
        if readings and isinstance(rule, BoardRule):
            best = max(readings, key=lambda one: limit_of(rule, one).sign * (one.value - limit_of(rule, one).threshold))
            limit = limit_of(rule, best)
            nearest = f"{_named(rule, best.subject)} at {self._style.value(rule, best.value)}".strip()
            threshold = self._style.threshold(rule, limit)
            yield f"  {len(others) - unread} never crossed it (threshold {threshold}); nearest: {nearest}"
        if unread:
            reasons = sorted(
                {one.judgement.reason for noted in others for one in noted if one.judgement.reading is None}
            )
            yield f"  {unread} not judged: {'; '.join(reasons[:3])}"

    def _never(self, rule: Rule, subjects: Sequence[str]) -> Iterator[str]:
        """A horse that the rule never looked at, though it looked at the race."""
        unread = self._record.noted[""][None]
        skipped = {one.moment.key for one in [*self._record.noted[rule.name][None], *unread]}
        looked = [board for board in self._record.boards if board.key not in skipped]
        if self._asked.program is not None and isinstance(rule, PriceRule) and not subjects and looked:
            yield f"  {len(looked)} boards  {UNSEEN}: {NOT_SEEN}"

    def alerts(self, replayed: Sequence[Replayed]) -> Iterator[str]:
        every = alert_reader.alerts_of(self._connection, [self._race.race_id])
        mine = [
            one
            for one in every
            if self._asked.rule in {None, one.rule} and self._is_asked(self._rule_named(one.rule), one.subject)
        ]
        deliveries = alert_reader.deliveries_of(self._connection, [one.alert_id for one in mine])
        yield from ["", "alerts" if mine else "no alert was told"]
        for one in mine:
            to = [each for each in deliveries if each.alert_id == one.alert_id]
            yield from (f"  {line}" for line in alert_lines(one, to, self._race.timezone))
        if any(differences(every, replayed)):
            yield from ["", OTHER_RULES]

    def _rule_named(self, name: str) -> Rule | None:
        return next((rule for rule in self._rules.rules if rule.name == name), None)


def _idle_lines(idle: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for why, names in idle.items():
        yield from wrap(
            f"{why}: {', '.join(names)}", WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )


def _of_pairs(rule: Rule | None) -> bool:
    return isinstance(rule, PayoutRule | ExactaOverlayRule)


def _named(rule: Rule, subject: str) -> str:
    return subject if _of_pairs(rule) or not subject else f"#{subject}"


def _not_asked(rule: Rule, race: RaceHead) -> str | None:
    """Why a rule never looks at the race."""
    if not rule.enabled:
        return "disabled"
    if isinstance(rule, SystemRule):
        return "about ourselves, not about a race"
    assert isinstance(rule, RaceRule)
    named = {track.casefold() for track in rule.scope.tracks}
    if named and named.isdisjoint({race.track_key.casefold(), race.track_code.casefold()}):
        return f"other tracks: {', '.join(rule.scope.tracks)}"
    if rule.scope.races and race.race_number not in rule.scope.races:
        return f"other races: {', '.join(map(str, rule.scope.races))}"
    return None
