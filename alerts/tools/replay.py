"""Rules over stored boards and card changes, in the order in which a live run saw them; nothing is written.

What a replay cannot put back: alerts about ourselves, a payoff that was corrected since, lines (CSV) that were edited since.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts import wording
from alerts.evaluate import Transition
from alerts.judge import Then, board_for_rules, judge_board, judge_change
from alerts.limits import Identity, State
from alerts.reading import Witness
from alerts.rules import Rule, RuleSet
from alerts.surroundings import Surroundings
from alerts.wording import Detail
from horses_scrapy.storage import alert_reader as sql
from horses_scrapy.storage.alert_reader import Moment

Watch = Callable[[Moment], Witness]
"""Called with each moment before the rules see it: whom to tell what they make of it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An alert that the rules give. `seen_at`: when they saw what it is about; None where no live run has yet."""

    race_id: int
    rule: Rule
    identity: Identity
    event: str
    value: int | None
    detail: Detail
    seen_at: int | None


def replay(connection: Connection, race_ids: Iterable[int], rules: RuleSet, around: Surroundings) -> Iterator[Replayed]:
    """Race by race; states begin empty, as on a race's first board."""
    for race_id in race_ids:
        yield from replay_race(connection, race_id, rules, around)


def replay_race(
    connection: Connection, race_id: int, rules: RuleSet, around: Surroundings, watch: Watch | None = None
) -> Iterator[Replayed]:
    play = _Play(connection, race_id, rules, around)
    for moment in sql.moments(connection, race_id):
        yield from play.moment(moment, None if watch is None else watch(moment))


class _Play:
    """One race: what the rules remember of it, and what they had seen of its card."""

    def __init__(self, connection: Connection, race_id: int, rules: RuleSet, around: Surroundings) -> None:
        self._connection = connection
        self._race_id = race_id
        self._rules = rules
        self._around = around
        self._states: dict[Identity, State] = {}
        self._changes: set[int] = set()
        self._listed = sql.listed(connection, race_id)

    def moment(self, moment: Moment, witness: Witness | None) -> Sequence[Replayed]:
        if not moment.is_board:
            self._changes.add(moment.key)
        if not moment.asked:
            return ()
        judge = self._board if moment.is_board else self._change
        return judge(moment, witness)

    def _board(self, moment: Moment, witness: Witness | None) -> Sequence[Replayed]:
        board = board_for_rules(self._connection, moment.key)
        judged = judge_board(
            self._connection, board, self._rules, self._states, self._around, then=self._then(moment), witness=witness
        )
        self._move(judged.evaluation.transitions)
        return [
            Replayed(
                race_id=self._race_id,
                rule=firing.rule,
                identity=firing.identity,
                event=firing.event,
                value=firing.reading.value,
                detail=wording.of_board(firing, judged.board, judged.history),
                seen_at=moment.evaluated_at,
            )
            for firing in judged.evaluation.fired
        ]

    def _change(self, moment: Moment, witness: Witness | None) -> Sequence[Replayed]:
        judged = judge_change(
            self._connection, self._race_id, moment.key, self._rules, self._states,
            then=self._then(moment), witness=witness,
        )  # fmt: skip
        self._move(judged.transitions)
        return [
            Replayed(
                race_id=self._race_id,
                rule=firing.rule,
                identity=firing.identity,
                event="fired",
                value=None,
                detail=wording.of_event(firing),
                seen_at=moment.evaluated_at,
            )
            for firing in judged.fired
        ]

    def _then(self, moment: Moment) -> Then:
        seen = moment.evaluated_at
        return Then(self._changes, {key for created_at, key in self._listed if seen is None or created_at <= seen})

    def _move(self, transitions: Sequence[Transition]) -> None:
        for each in transitions:
            if each.state is None:
                self._states.pop(each.identity, None)
            else:
                self._states[each.identity] = each.state
