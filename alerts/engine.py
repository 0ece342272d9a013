"""Pending boards and card changes against the rules: states, alerts and deliveries commit with `evaluated_at`."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Connection

from alerts import drift, wording
from alerts.address import address
from alerts.evaluate import Firing, Transition
from alerts.events import EventFiring
from alerts.expected import expected
from alerts.expiry import expires_at
from alerts.judge import Judged, board_for_rules, judge_board, judge_change
from alerts.limits import Identity, State
from alerts.rules import Rule, RuleSet
from alerts.surroundings import Surroundings
from alerts.wording import Detail
from horses_scrapy.clock import Clock
from horses_scrapy.storage import alerts as sql
from horses_scrapy.storage.board_view import RaceView
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.queries import mark_board_evaluated

log = logging.getLogger(__name__)

Mode = Literal["deliver", "log_only", "disabled"]


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that was just written; `text` is its one line."""

    alert_id: int
    rule: str
    text: str
    race_id: int
    board_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an engine works by. recipients: of rules that name none. mode: whether alerts are queued, or only written."""

    rules: RuleSet
    recipients: tuple[str, ...] = ()
    around: Surroundings = Surroundings()  # noqa: RUF009 (frozen)
    mode: Mode = "deliver"


class Engine:
    """The alert rules of one process on one database."""

    def __init__(self, store: Store, setting: Setting, clock: Clock) -> None:
        self._store = store
        self._setting = setting
        self._clock = clock

    def evaluate_race(self, race_id: int, run_id: int | None = None) -> list[Fired]:
        """Every pending board and card change of a race, by time; each in a transaction of its own.

        Two processes at once, a crash or a repeat change nothing: what is marked evaluated is not looked at again.
        """
        with self._store.read() as connection:
            pending = sql.pending(connection, race_id)
        fired: list[Fired] = []
        for _, is_board, key in pending:
            fired += self._board(key) if is_board else self._change(race_id, key)
        boards = sum(is_board for _, is_board, _ in pending)
        log.debug("Race %s of run %s: %s boards, %s alerts", race_id, run_id, boards, len(fired))
        return fired

    def evaluate_pending(self, older_than_ms: int) -> list[Fired]:
        """What a crash left: every race with a board or a change that has been pending for longer than this."""
        with self._store.read() as connection:
            races = sql.races_pending(connection, self._clock.now_ms() - older_than_ms)
        return [fired for race_id in races for fired in self.evaluate_race(race_id)]

    def _board(self, board_id: int) -> list[Fired]:
        with self._store.write() as connection:
            board = board_for_rules(connection, board_id)
            if board.evaluated_at is not None:
                return []
            mark_board_evaluated(connection, board_id, self._instant(connection, board.race.race_id))
            states = states_of(connection, board.race.race_id)
            judged = judge_board(connection, board, self._setting.rules, states, self._setting.around)
            drift.record(connection, judged.board, round(self._setting.rules.stale_after * 1000))
            move_states(connection, board.race.race_id, judged.evaluation.transitions)
            return [self._tell_board(connection, firing, judged) for firing in judged.evaluation.fired]

    def _change(self, race_id: int, change_id: int) -> list[Fired]:
        with self._store.write() as connection:
            if not sql.mark_change_evaluated(connection, change_id, self._instant(connection, race_id)):
                return []
            states = states_of(connection, race_id)
            judged = judge_change(connection, race_id, change_id, self._setting.rules, states)
            move_states(connection, race_id, judged.transitions)
            return [self._tell_event(connection, firing) for firing in judged.fired]

    def _instant(self, connection: Connection, race_id: int) -> int:
        """Now, or just after the race's last evaluation: a replay needs their order, whatever the clock does."""
        last = sql.last_evaluation(connection, race_id)
        now = self._clock.now_ms()
        return now if last is None else max(now, last + 1)

    def _tell_board(self, connection: Connection, firing: Firing, judged: Judged) -> Fired:
        rule, reading, board = firing.rule, firing.reading, judged.board
        one = [runner.entry_id for runner in board.runners if reading.labels == (runner.label,)]
        limit = rule.limit if reading.limit is None else reading.limit
        figures = _Figures(
            unit=rule.unit,
            threshold_value=limit.threshold,
            actual_value=reading.value,
            previous_value=reading.before,
            event=firing.event,
        )
        detail = wording.of_board(firing, board, judged.history, expected(connection, firing, board))
        return self._write(
            connection, rule, firing.identity, detail, board.race, figures,
            entry_id=one[0] if one else None, board_id=board.board_id,
        )  # fmt: skip

    def _tell_event(self, connection: Connection, firing: EventFiring) -> Fired:
        happening = firing.happening
        return self._write(
            connection, firing.rule, firing.identity, wording.of_event(firing), happening.race, _Figures(),
            entry_id=None if happening.runner is None else happening.runner.entry_id, board_id=None,
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
            severity=rule.severity,
            race_id=race.race_id,
            entry_id=entry_id,
            message=detail.text,
            detail=detail.to_json(),
            triggered_at=detail.fetched_at,
            board_id=board_id,
            expires_at=expires_at(rule.kind, race.post_time, detail.fetched_at),
            created_at=self._clock.now_ms(),
            committed_mono=self._clock.monotonic_ms(),
        )
        alert_id = sql.add_alert(connection, new)
        address(connection, alert_id, rule, self._setting.recipients, self._setting.mode)
        return Fired(alert_id, rule.name, detail.text, race.race_id, board_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """The numbers of an alert row; an event has none."""

    unit: str = ""
    threshold_value: int | None = None
    actual_value: int | None = None
    previous_value: int | None = None
    event: str = "fired"


def states_of(connection: Connection, race_id: int | None) -> dict[Identity, State]:
    return {
        Identity(row.rule, row.scope, row.market, row.subject): State(
            row.state, row.boards, row.alerted_value, row.since
        )
        for row in sql.states(connection, race_id)
    }


def move_states(connection: Connection, race_id: int | None, transitions: Sequence[Transition]) -> None:
    sql.forget_states(connection, [each.identity for each in transitions if each.state is None])
    sql.save_states(
        connection,
        [
            sql.StateRow(
                **each.identity._asdict(),
                race_id=race_id,
                state=each.state.phase,
                boards=each.state.boards,
                alerted_value=each.state.alerted_value,
                since=each.state.since,
            )
            for each in transitions
            if each.state is not None
        ],
    )
