"""A card put back to what it was: taking changes back gives every earlier card."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.as_of import race_at, runners_at
from horses_scrapy.storage.alert_history import CardChange
from horses_scrapy.storage.board_view import RaceView, RunnerView

RACE = RaceView(
    race_id=7, track_key="gulf", track_code="GP", track_name="Gulf Downs", timezone="America/New_York",
    race_date="2026-05-02", race_number=3, post_time=None, url="",
)  # fmt: skip
RUNNERS = tuple(
    RunnerView(
        entry_id=key, program_number=str(key), label=str(key), horse="Alpha", status="active", jockey=None, trainer=None,
        morning_line=None,
    )
    for key in (1, 2)
)  # fmt: skip
ATTRIBUTES = {"morning_line_odds": "morning_line"}
NUMBERS = st.integers(0, 9)
VALUES = {
    "status": st.sampled_from(["active", "scratched", "late_scratch"]),
    "jockey": st.sampled_from(["A", "B", "C"]),
    "trainer": st.sampled_from(["A", "B", "C"]),
    "horse": st.sampled_from(["Alpha", "Bravo"]),
    "label": st.sampled_from(["1", "2"]),
    "morning_line_odds": NUMBERS,
    "post_position": NUMBERS,  # nobody reads it
}
ON_A_RUNNER = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.sampled_from([1, 2]), st.just(name), VALUES[name])
)
ON_THE_RACE = st.tuples(st.none(), st.sampled_from(["post_time", "surface"]), NUMBERS)
MOVES = st.lists(st.tuples(st.integers(0, 2), ON_A_RUNNER | ON_THE_RACE), max_size=25)


@given(MOVES)
@settings(max_examples=60, deadline=None)
def test_every_earlier_card_comes_back(moves):
    """Steps of 0 minutes: what changed at one instant is taken back together."""
    race, runners, at, other = RACE, {each.entry_id: each for each in RUNNERS}, 0, {}
    cards, changes = {-1: (race, RUNNERS)}, []
    for minutes, (entry_id, field, new) in moves:
        at += minutes
        attribute = ATTRIBUTES.get(field, field)
        of = race if entry_id is None else runners[entry_id]
        old = getattr(of, attribute, other.get((entry_id, field)))
        changes.append(change(len(changes), entry_id, field, old, new, at))
        if not hasattr(of, attribute):
            other[entry_id, field] = new
        elif entry_id is None:
            race = replace(race, **{attribute: new})
        else:
            runners[entry_id] = replace(of, **{attribute: new})
        cards[at] = (race, tuple(runners.values()))
    newest = (race, tuple(runners.values()))
    for instant in range(-1, at + 1):
        then = cards[max(each for each in cards if each <= instant)]
        assert (race_at(newest[0], changes, instant), runners_at(newest[1], changes, instant)) == then


def change(key, entry_id, field, old, new, at):
    told = [None if value is None else str(value) for value in (old, new)]
    return CardChange(change_id=key, entry_id=entry_id, field=field, old=told[0], new=told[1], at=at, evaluated_at=None)
