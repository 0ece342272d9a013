"""Pending boards and card changes against the rules: states, alerts and deliveries commit with `evaluated_at`."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from alerts import wording
from alerts.evaluate import Firing, Transition, evaluate, evaluate_scratch
from alerts.history import History, glimpse, glimpses, runners_at
from alerts.limits import Identity, State
from alerts.readings import passes
from alerts.rules import BoardRule, DropRule, PairRule, Rule, RuleSet
from alerts.wording import Detail
from horses_scrapy.clock import Clock
from horses_scrapy.storage import alerts as sql
from horses_scrapy.storage.alert_history import StatusChange, earlier_boards, status_changes
from horses_scrapy.storage.board_view import BoardView, RaceView
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.queries import board_view, mark_board_evaluated

log = logging.getLogger(__name__)

CHANNEL = "mail"
NOBODY = "no recipient: set EMAIL_RECIPIENT"
AFTER_POST_MS = 45 * 60_000
TIME_TO_LIVE_MS = 2 * 3_600_000
"""Where no post time is known."""


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that was just written; `text` is its one line."""

    alert_id: int
    rule: str
    text: str
    race_id: int
    board_id: int | None


class Engine:
    """The alert rules of one process on one database."""

    def __init__(self, store: Store, rules: RuleSet, recipients: tuple[str, ...], clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._recipients = recipients
        self._clock = clock

    def evaluate_race(self, race_id: int, run_id: int | None = None) -> list[Fired]:
        """Every pending board and card change of a race, by time; each in a transaction of its own.

        Two processes at once, a crash or a repeat change nothing: what is marked evaluated is not looked at again.
        """
        with self._store.read() as connection:
            changes = [(at, 0, key) for at, key in sql.pending_changes(connection, race_id)]
            boards = [(at, 1, key) for at, key in sql.pending_boards(connection, race_id)]
        fired: list[Fired] = []
        for _, is_board, key in sorted(changes + boards):
            fired += self._board(key) if is_board else self._change(race_id, key)
        log.debug("Race %s of run %s: %s boards, %s alerts", race_id, run_id, len(boards), len(fired))
        return fired

    def evaluate_pending(self, older_than_ms: int) -> list[Fired]:
        """What a crash left: every race with a board or a change that has been pending for longer than this."""
        with self._store.read() as connection:
            races = sql.races_pending(connection, self._clock.now_ms() - older_than_ms)
        return [fired for race_id in races for fired in self.evaluate_race(race_id)]

    def _board(self, board_id: int) -> list[Fired]:
        with self._store.write() as connection:
            board = board_view(connection, board_id)
            if board.evaluated_at is not None:
                return []
            mark_board_evaluated(connection, board_id, self._clock.now_ms())
            changes = status_changes(connection, board.race.race_id)
            board = replace(board, runners=runners_at(board.runners, changes, board.fetched_at))
            before = self._history(connection, board, changes)
            states = _states(connection, board.race)
            judged = evaluate(board, before, self._rules, states, board.fetched_at)
            _move(connection, board.race, judged.transitions)
            return [self._tell_board(connection, firing, board) for firing in judged.fired]

    def _history(self, connection: Connection, board: BoardView, changes: Sequence[StatusChange]) -> History:
        if not board.is_primary:
            return History()
        earlier = glimpses(earlier_boards(connection, board.board_id), board, changes)
        # Only what a pair paid before needs the whole board: not read where no such rule looks now.
        pairs = any(isinstance(rule, PairRule) and passes(rule, glimpse(board)) for rule in self._rules.on_boards)
        previous = board_view(connection, earlier[-1].board_id) if pairs and earlier else None
        return History(earlier, previous)

    def _change(self, race_id: int, change_id: int) -> list[Fired]:
        with self._store.write() as connection:
            if not sql.mark_change_evaluated(connection, change_id, self._clock.now_ms()):
                return []
            changes = status_changes(connection, race_id)
            change = next((each for each in changes if each.change_id == change_id), None)
            if change is None:
                return []
            race, source = sql.race_and_source(connection, race_id)
            runner = sql.runner(connection, change.entry_id)
            judged = evaluate_scratch(runner, change, race, self._rules, _states(connection, race))
            _move(connection, race, judged.transitions)
            return [
                self._write(
                    connection, firing.rule, firing.identity, wording.of_scratch(firing, runner, change, race, source),
                    race, _Figures(), entry_id=runner.entry_id, board_id=None,
                )
                for firing in judged.fired
            ]  # fmt: skip

    def _tell_board(self, connection: Connection, firing: Firing, board: BoardView) -> Fired:
        rule, reading = firing.rule, firing.reading
        detail = wording.of_board(firing, board)
        one = [runner.entry_id for runner in board.runners if reading.labels == (runner.label,)]
        figures = _Figures(
            unit=unit_of(rule),
            threshold_value=rule.limit.threshold,
            actual_value=reading.value,
            previous_value=reading.before,
        )
        return self._write(
            connection, rule, firing.identity, detail, board.race, figures,
            entry_id=one[0] if one else None, board_id=board.board_id,
        )  # fmt: skip

    def _write(
        self,
        connection: Connection,
        rule: Rule,
        identity: Identity,
        detail: Detail,
        race: RaceView,
        figures: "_Figures",
        *,
        entry_id: int | None,
        board_id: int | None,
    ) -> Fired:
        new = sql.NewAlert(
            **identity._asdict(),
            **asdict(figures),
            alert_type=rule.kind,
            race_id=race.race_id,
            entry_id=entry_id,
            message=detail.text,
            detail=detail.to_json(),
            triggered_at=detail.fetched_at,
            board_id=board_id,
            expires_at=expires_at(race.post_time, detail.fetched_at),
            created_at=self._clock.now_ms(),
            committed_mono=self._clock.monotonic_ms(),
        )
        alert_id = sql.add_alert(connection, new)
        address(connection, alert_id, self._recipients if rule.recipients is None else rule.recipients)
        return Fired(alert_id, rule.name, detail.text, race.race_id, board_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """The numbers of an alert row; a scratch has none."""

    unit: str = ""
    threshold_value: int | None = None
    actual_value: int | None = None
    previous_value: int | None = None


def address(connection: Connection, alert_id: int, to: Sequence[str]) -> None:
    """A delivery to each recipient once; to nobody, the alert is only logged."""
    recipients = tuple(dict.fromkeys(to))
    state, reason = ("pending", None) if recipients else ("logged", NOBODY)
    sql.add_deliveries(connection, alert_id, recipients or ("",), channel=CHANNEL, state=state, reason=reason)


def unit_of(rule: BoardRule) -> str:
    return rule.measure if isinstance(rule, DropRule) else rule.unit


def expires_at(post_time: int | None, triggered_at: int) -> int:
    """At the latest; the mailer looks again at the race before it sends."""
    return triggered_at + TIME_TO_LIVE_MS if post_time is None else post_time + AFTER_POST_MS


def _states(connection: Connection, race: RaceView) -> dict[Identity, State]:
    return {
        Identity(row.rule, row.scope, row.market, row.subject): State(
            row.state, row.boards, row.alerted_value, row.since
        )
        for row in sql.states(connection, race.race_id)
    }


def _move(connection: Connection, race: RaceView, transitions: Sequence[Transition]) -> None:
    sql.forget_states(connection, [each.identity for each in transitions if each.state is None])
    sql.save_states(
        connection,
        [
            sql.StateRow(
                **each.identity._asdict(),
                race_id=race.race_id,
                state=each.state.phase,
                boards=each.state.boards,
                alerted_value=each.state.alerted_value,
                since=each.state.since,
            )
            for each in transitions
            if each.state is not None
        ],
    )
