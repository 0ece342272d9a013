"""The synthetic tote's card shows every kind of event: what a look a minute at its card and results tells."""

import datetime as dt

import pytest

from alerts.engine import Engine, Setting
from alerts.rules import EventRule, RuleSet
from alerts.rules.kinds import KINDS
from horses_scrapy import money
from horses_scrapy.clock import to_ms
from horses_scrapy.config import load
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.recording import instants
from horses_scrapy.storage import writer

START = dt.datetime(2026, 5, 2, 20, 0, tzinfo=dt.UTC)
EVENTS = [(name, kind) for name, kind in KINDS.items() if issubclass(kind, EventRule)]
LEDGER = Ledger(Plan(seed=7, start=START, first_post=420, spacing=300, betting_window=420, cancelled=2))


@pytest.fixture
def told(meeting):
    track = load(environ={}).tracks["demo"]
    for at in instants(LEDGER, 60):
        with meeting.store.write() as connection:
            for entry in LEDGER.races.values():
                _look(connection, Witness(LEDGER, track, at), entry)
    rules = RuleSet(rules=tuple(kind(name="it", kind=name) for name, kind in EVENTS))
    engine = Engine(meeting.store, Setting(rules=rules), meeting.clock)
    return [fired.text for race_id in LEDGER.races for fired in engine.evaluate_race(race_id)]


def _look(connection, witness, entry):
    race, result = witness.race(entry), witness.result(entry)
    seen = {"run_id": None, "now_ms": to_ms(witness.at)}
    writer.store_race(connection, race, witness.track, **seen)
    if result is not None:
        writer.store_result(connection, result, witness.track, **seen)


def test_every_kind_is_told_where_it_happens(told):
    first, _, third = (entry.race for entry in LEDGER.races.values())
    number, jockey = third.new_jockey
    mount = next(runner for runner in third.runners if runner.program_number == number)
    assert told == [
        f"DMO R1 #{first.scratched} {first.horses(first.scratched)} scratched (3 MTP) [scratched: it]",
        f"DMO R1 result win {_won(1)} [result: it]",
        "DMO R2 race off the turf (7 MTP) now on dirt [off_turf: it]",
        "DMO R2 race cancelled (3 MTP) was open [race_status: it]",
        f"DMO R3 #{number} {mount.horse} jockey {mount.jockey} -> {jockey} (6 MTP) [jockey_change: it]",
        "DMO R3 post 16:17 -> 16:19 EDT (4 MTP) 2 min later [post_time_change: it]",
        f"DMO R3 result win {_won(3)} [result: it]",
    ]


def _won(number):
    entry = LEDGER.race(number)
    winner = entry.official[0]
    paid = [each for each in entry.payoffs if each.combination == winner.label]
    return " ".join((winner.label, winner.horse, *(money.figure(each.payout, each.currency) for each in paid)))
