import dataclasses
import datetime as dt

import pytest
from sqlalchemy import select

from horses_scrapy.errors import StoreError
from horses_scrapy.storage import schema
from horses_scrapy.storage.races import advances


def entry_row(connection, number):
    return connection.execute(select(schema.entry).where(schema.entry.c.program_number == number)).one()


def race_row(connection, number=1):
    return connection.execute(select(schema.race).where(schema.race.c.race_number == number)).one()


def with_entry(meeting, number, **fields):
    return tuple(dataclasses.replace(one, **fields) if one.program_number == number else one for one in meeting.field())


def test_first_card_makes_the_race_and_no_change(store, meeting):
    with store.write() as connection:
        race_id = meeting.put(connection, meeting.card(status="open", name="The Maiden"), now_ms=77)
        race = race_row(connection)
        assert (race.race_id, race.name, race.status, race.created_at, race.updated_at) == (
            race_id,
            "The Maiden",
            "open",
            77,
            77,
        )
        assert race.post_time == meeting.ms(1800)
        assert meeting.changes(connection) == []
        interests = list(connection.scalars(select(schema.betting_interest.c.label)))
        assert interests == ["1", "2", "10"]
        assert entry_row(connection, "1").interest_id == entry_row(connection, "1A").interest_id
        source = connection.execute(select(schema.race_source)).one()
        assert (source.source_key, source.is_primary, source.status) == ("R1", 1, "open")


def test_the_same_card_again_touches_nothing(store, meeting):
    item = meeting.card(entries=with_entry(meeting, "2", status="scratched"))
    with store.write() as connection:
        meeting.put(connection, item, now_ms=1)
        before = meeting.dump(connection)
        meeting.put(connection, item, now_ms=2)
        meeting.put(connection, dataclasses.replace(item, fetched_at=meeting.at(60)), now_ms=3)
        assert meeting.dump(connection) == before


CHANGED = [
    ("2", {"jockey": "E. Rider"}, [("2", "jockey", "C. Rider", "E. Rider")]),
    ("2", {"trainer": "T. Two"}, [("2", "trainer", None, "T. Two")]),
    ("2", {"morning_line": 2500}, [("2", "morning_line_odds", "2000", "2500")]),
    ("2", {"post_position": "4"}, [("2", "post_position", None, "4")]),
    ("2", {"horse": "Beta"}, [("2", "horse", "Bravo", "Beta")]),
    ("1A", {"label": "1A"}, [("1A", "label", "1", "1A")]),
    ("2", {"status": "late_scratch"}, [("2", "status", "active", "late_scratch")]),
    ("2", {"horse": "BRAVO (GB)"}, []),  # the same horse, printed otherwise
    ("2", {"jockey": None, "morning_line": None}, []),  # what a card leaves out, it does not take back
]


@pytest.mark.parametrize(("number", "fields", "changes"), CHANGED)
def test_changes_of_an_entry(store, meeting, number, fields, changes):
    with store.write() as connection:
        meeting.put(connection, meeting.card(), now_ms=1)
        before = {row.program_number: row for row in connection.execute(select(schema.entry))}
        meeting.put(connection, meeting.card(60, entries=with_entry(meeting, number, **fields)), now_ms=2)
        after = {row.program_number: row for row in connection.execute(select(schema.entry))}
        assert meeting.changes(connection) == changes
        touched = {one for one in after if after[one] != before[one]}
        assert touched == ({number} if changes else set())
        assert {after[one].updated_at for one in touched} <= {2}
        assert race_row(connection).updated_at == 1


def test_a_change_says_when_and_by_which_run(store, meeting):
    with store.write() as connection:
        run = connection.execute(schema.crawl_run.insert().values(spider="s", track="demo", kind="card", started_at=1))
        meeting.put(connection, meeting.card())
        meeting.put(
            connection,
            meeting.card(60, entries=with_entry(meeting, "2", jockey="E")),
            run_id=run.inserted_primary_key[0],
        )
        change = connection.execute(select(schema.change)).one()
        assert (change.at, change.run_id, change.evaluated_at) == (meeting.ms(60), run.inserted_primary_key[0], None)


def test_changes_of_a_race(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(), now_ms=1)
        later = meeting.at(2100)
        meeting.put(connection, meeting.card(60, post_time=later, name="Cup"), now_ms=2)
        meeting.put(connection, meeting.card(120, post_time=None), now_ms=3)
        assert meeting.changes(connection) == [
            (None, "name", None, "Cup"),
            (None, "post_time", str(meeting.ms(1800)), str(meeting.ms(2100))),
        ]
        assert (race_row(connection).post_time, race_row(connection).updated_at) == (meeting.ms(2100), 2)


def test_scratch_and_back(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(connection, meeting.card(60, entries=with_entry(meeting, "2", status="scratched")))
        assert entry_row(connection, "2").scratched_at == meeting.ms(60)
        meeting.put(connection, meeting.card(120, entries=with_entry(meeting, "2", status="late_scratch")))
        assert entry_row(connection, "2").scratched_at == meeting.ms(60)
        meeting.put(connection, meeting.card(180))
        assert entry_row(connection, "2").scratched_at is None
        told = with_entry(meeting, "2", status="scratched", scratched_at=meeting.at(200))
        meeting.put(connection, meeting.card(240, entries=told))
        assert entry_row(connection, "2").scratched_at == meeting.ms(200)
        assert [(old, new) for _, _, old, new in meeting.changes(connection)] == [
            ("active", "scratched"),
            ("scratched", "late_scratch"),
            ("late_scratch", "active"),
            ("active", "scratched"),
        ]


def test_a_card_without_an_entry_or_any_leaves_them(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        before = meeting.dump(connection)
        meeting.put(connection, meeting.card(60, entries=meeting.field()[:1]))
        meeting.put(connection, meeting.card(90, entries=()))
        assert meeting.dump(connection) == before


def test_an_older_card_undoes_nothing(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(
            connection, meeting.card(60, post_time=meeting.at(2100), entries=with_entry(meeting, "2", jockey="E"))
        )
        before = meeting.dump(connection)
        meeting.put(connection, meeting.card(30))
        assert meeting.dump(connection) == before


def test_a_second_source_only_adds_what_is_missing(store, meeting):
    theirs = (
        meeting.entry("2", "Someone Else", jockey="X", trainer="T. Other", morning_line=9000, status="scratched"),
        meeting.entry("3", "Charlie"),
    )
    with store.write() as connection:
        meeting.put(connection, meeting.card(name="Ours", status="open"), now_ms=1)
        meeting.put(
            connection,
            meeting.card(
                60, source=meeting.other, entries=theirs, name="Theirs", status="closed", post_time=meeting.at(1)
            ),
            now_ms=2,
        )
        two, three = entry_row(connection, "2"), entry_row(connection, "3")
        assert (two.jockey, two.trainer, two.morning_line_odds, two.status) == ("C. Rider", "T. Other", 2000, "active")
        assert three.created_at == 2
        race = race_row(connection)
        assert (race.name, race.status, race.post_time, race.off_at, race.updated_at) == (
            "Ours",
            "open",
            meeting.ms(1800),
            None,
            1,
        )
        rows = connection.execute(select(schema.race_source).order_by(schema.race_source.c.source_id)).all()
        assert [(row.is_primary, row.status) for row in rows] == [(1, "open"), (0, "closed")]
        assert meeting.changes(connection) == []


def test_a_number_twice_is_refused(store, meeting):
    twice = (meeting.entry("2", "Bravo"), meeting.entry("2", "Other"))
    with pytest.raises(StoreError, match=r"demo 2026-05-02 R1: the card lists 2 twice"), store.write() as connection:
        meeting.put(connection, meeting.card(entries=twice))
    with store.read() as connection:
        assert connection.execute(select(schema.race)).all() == []


ORDER = ("scheduled", "open", "closed", "unofficial", "official")
ALLOWED = (
    {(old, new) for i, old in enumerate(ORDER) for new in ORDER[i + 1 :]}
    | {(old, out) for old in ORDER for out in ("cancelled", "postponed")}
    | {("postponed", new) for new in (*ORDER, "cancelled")}
    | {("cancelled", "postponed")}
)


@pytest.mark.parametrize("old", [*ORDER, "cancelled", "postponed"])
@pytest.mark.parametrize("new", [*ORDER, "cancelled", "postponed"])
def test_status_never_moves_backwards(store, meeting, old, new):
    assert advances(old, new) == ((old, new) in ALLOWED)
    with store.write() as connection:
        meeting.put(connection, meeting.card(status=old))
        meeting.put(connection, meeting.card(60, status=new))
        moved = (old, new) in ALLOWED
        assert race_row(connection).status == (new if moved else old)
        assert connection.scalar(select(schema.race_source.c.status)) == (new if moved else old)
        assert meeting.changes(connection) == ([(None, "status", old, new)] if moved else [])


def test_off_and_official_instants(store, meeting):
    with store.write() as connection:
        for seconds, status in ((0, "open"), (60, "closed"), (120, "unofficial"), (180, "official"), (240, "official")):
            meeting.put(connection, meeting.card(seconds, status=status))
        race = race_row(connection)
        assert (race.off_at, race.official_at) == (meeting.ms(60), meeting.ms(180))


def test_an_import_of_past_races_alerts_nobody_and_invents_no_instants(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(status="open"))
        meeting.put(connection, meeting.card(90_000, status="official", history=True), now_ms=5)
        race, change = race_row(connection), connection.execute(select(schema.change)).one()
        assert (race.status, race.off_at, race.official_at, change.evaluated_at) == ("official", None, None, 5)


def test_horses_are_not_merged_by_name_alone(store, meeting):
    runners = (
        meeting.entry("1", "Alpha (IRE)"),
        meeting.entry("2", "ALPHA", horse_country="USA"),
        meeting.entry("3", "Alpha", horse_key="77", horse_country="IRE"),
    )
    with store.write() as connection:
        meeting.put(connection, meeting.card(entries=runners))
        meeting.put(connection, meeting.card(race=2, entries=(meeting.entry("5", "alpha (ire)"),)))
        horses = connection.execute(select(schema.horse).order_by(schema.horse.c.horse_id)).all()
        assert [(one.name, one.name_key, one.country, one.source_key) for one in horses] == [
            ("Alpha (IRE)", "ALPHA", "IRE", ""),
            ("ALPHA", "ALPHA", "USA", ""),
            ("Alpha", "ALPHA", "IRE", "demo:77"),
        ]
        assert entry_row(connection, "5").horse_id == horses[0].horse_id


def test_a_track_that_is_renamed_moves_its_updated_at(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(), now_ms=1)
        renamed = meeting.track.model_copy(update={"name": "New Downs"})
        from horses_scrapy.storage.writer import store_race  # noqa: PLC0415

        store_race(connection, meeting.card(), renamed, run_id=None, now_ms=2)
        row = connection.execute(select(schema.track)).one()
        assert (row.name, row.created_at, row.updated_at) == ("New Downs", 1, 2)


def test_a_scratch_that_the_first_card_shows_has_its_instant(store, meeting):
    told = dt.datetime(2026, 5, 2, 12, 0, tzinfo=dt.UTC)
    with store.write() as connection:
        runners = (
            meeting.entry("1", "Alpha", status="scratched", scratched_at=told),
            meeting.entry("2", "Bravo", status="late_scratch"),
        )
        meeting.put(connection, meeting.card(entries=runners))
        assert entry_row(connection, "1").scratched_at == int(told.timestamp() * 1000)
        assert entry_row(connection, "2").scratched_at == meeting.ms(0)


def test_a_card_from_the_cache_changes_nothing_and_a_fetched_one_then_does(store, meeting):
    """So what a run that died between its card and the store had seen is told by the next card that is fetched."""
    scratched = (meeting.entry("2", "Bravo", status="scratched"),)
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        meeting.put(connection, meeting.card(60, entries=scratched, status="open", from_cache=True))
        assert meeting.changes(connection) == []
        assert connection.scalars(select(schema.race_source.c.flags)).all() == ["from_cache"]
        meeting.put(connection, meeting.card(120, entries=scratched, status="open", fallback=True))
        assert meeting.changes(connection) == [
            (None, "status", "scheduled", "open"),
            ("2", "status", "active", "scratched"),
        ]
        assert connection.scalars(select(schema.change.c.evaluated_at)).all() == [None, None]
        assert connection.scalars(select(schema.race_source.c.flags)).all() == ["fallback"]


def test_a_race_that_is_known_from_a_kept_card_only_is_stored(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(from_cache=True))
        assert len(connection.execute(select(schema.entry)).all()) == 4
        assert connection.scalars(select(schema.race.c.post_time)).all() != [None]


def test_the_race_type_and_an_exchanges_reduction_factors_are_kept(store, meeting):
    with store.write() as connection:
        entries = (meeting.entry("1", "Alpha", reduction_factor=1250),)
        meeting.put(connection, meeting.card(race_type="harness", entries=entries))
        assert connection.scalars(select(schema.race.c.race_type)).all() == ["harness"]
        assert connection.scalars(select(schema.entry.c.reduction_factor)).all() == [1250]
