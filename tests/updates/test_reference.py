"""Reference data: the files are sound and agree with tracks.yaml; the tables become what they say."""

from decimal import Decimal

import pytest
from offline import SHIPPED
from sqlalchemy import insert, select

from horses_scrapy.errors import ConfigError
from horses_scrapy.reference.reader import BOOKMAKERS, FORMS, POOL_TERMS, TRACKS, read, read_all
from horses_scrapy.storage import schema
from horses_scrapy.storage.reference import TABLES, replace
from horses_scrapy.updates import reference_data
from horses_scrapy.updates.catalogue import Options

EXCHANGE_IN_POUNDS = "leopardstown"
"""Its source is an account in pounds; the track's own currency is the euro."""


def test_every_track_that_can_be_watched_is_known_as_it_is_configured():
    known = {row["code"]: row for row in read(TRACKS).rows}
    for key, track in SHIPPED.tracks.items():
        row = known[track.code]
        assert (row["name"], row["country"], row["timezone"]) == (track.name, track.country, track.timezone), key
        assert row["currency"] == ("EUR" if key == EXCHANGE_IN_POUNDS else track.currency), key
    assert len(known) > 2 * len(SHIPPED.tracks)


def test_pool_terms_are_those_of_the_configuration():
    configured = {
        (track.code, bet_type, terms.since.isoformat()): (
            Decimal(str(terms.takeout)) * 10_000,
            Decimal(str(terms.breakage)) * 1000,
            Decimal(str(terms.minimum)) * 1000,
            terms.origin,
        )
        for track in SHIPPED.tracks.values()
        for bet_type, all_terms in track.pools.items()
        for terms in all_terms
    }
    stored = {
        (row["track"], row["bet_type"], row["since"]): (row["takeout"], row["breakage"], row["minimum"], row["origin"])
        for row in read(POOL_TERMS).rows
    }
    assert stored == configured


def test_every_table_is_filled_and_a_second_time_changes_nothing(world):
    first = reference_data.run(world.store)
    before = {name: world.rows(table.name) for name, table in TABLES.items()}
    assert {name: len(rows) for name, rows in before.items()} == {form.name: len(read(form).rows) for form in FORMS}
    assert (first.outcome, first.added) == ("ok", sum(map(len, before.values())))
    assert len(first.lines) == len(FORMS), "what fills an empty table is not told row by row"
    second = reference_data.run(world.store)
    assert (second.added, second.changed) == (0, 0)
    assert {name: world.rows(table.name) for name, table in TABLES.items()} == before


@pytest.mark.parametrize(
    ("options", "filled"),
    [
        (Options(courses_only=True), {"tracks", "pool_terms"}),
        (Options(bookmakers_only=True), {"bookmakers"}),
    ],
)
def test_only_what_is_asked_for(world, options, filled):
    reference_data.run(world.store, options)
    assert {name for name, table in TABLES.items() if world.rows(table.name)} == filled


def test_what_differs_is_written_and_told(world):
    table = schema.bookmaker
    row = {"code": "atg", "name": "ATG", "country": "SE", "kind": "tote"}
    with world.store.write() as connection:
        connection.execute(insert(table), [row, {**row, "code": "gone"}])
        done = replace(connection, "bookmakers", [{**row, "name": "Trav"}, {**row, "code": "new"}])
        assert (done.added, done.changed, done.removed) == (1, 1, 1)
        assert done.lines == ("bookmakers new: added", "bookmakers atg name: ATG -> Trav", "bookmakers gone: removed")
        assert set(connection.execute(select(table.c.code, table.c.name))) == {("atg", "Trav"), ("new", "ATG")}


def test_it_is_an_update_like_any_other(world):
    world.told(reference_data={})
    updates = world.updates()
    world.look(updates, "2026-03-02 12:00")
    world.look(updates, "2026-04-01 03:00")
    (run,) = world.runs("reference_data")
    assert (run["outcome"], run["added"]) == ("ok", sum(len(read(form).rows) for form in FORMS))
    assert not updates.busy
    world.look(updates, "2026-04-01 03:01")
    assert len(world.runs("reference_data")) == 1
    made = updates.begin("reference_data", Options(bookmakers_only=True), world.clock.now, 0)
    assert updates.settled(made) == "ok"


BAD_BOOKMAKERS = """# version: 2026-11-22
code,name,country,kind
atg,AB Trav och Galopp,SE,tote
ATG,Trav,SE,tote
pmu, PMU,France,tote
pmu,PMU,FR
atg,Again,SE,pool
atg,Again,SE,tote
"""


def test_every_fault_is_named_by_its_line(world, tmp_path):
    for form in FORMS:
        (tmp_path / f"{form.name}.csv").write_text(f"# version: 2026-11-22\n{','.join(form.columns)}\n", "utf-8")
    (tmp_path / "bookmakers.csv").write_text(BAD_BOOKMAKERS, "utf-8")
    done = reference_data.run(world.store, folder=tmp_path)
    assert done.outcome == "failed"
    assert [line.partition("bookmakers.csv:")[2] for line in done.lines] == [
        "4: code 'ATG': a code of small letters, digits and _ is expected",
        "5: name ' PMU': a text without spaces around it is expected",
        "5: country 'France': a country of two letters (ISO 3166) is expected",
        "6: 4 fields are expected, found 3",
        "7: kind 'pool': one of tote, fixed, exchange is expected",
        "8: atg stands in line 3 already",
    ]
    assert all(world.rows(table.name) == [] for table in TABLES.values())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ":1: `# version: <date>` is expected"),
        ("code,name,country,kind\n", ":1: `# version: <date>` is expected"),
        ("# version: 2026-11-22\ncode,name\n", ":2: the header code,name,country,kind is expected"),
        ('# version: 2026-11-22\ncode,name,country,kind\natg,"Trav,SE,tote\n', "unexpected end of data"),
    ],
)
def test_a_file_of_another_form(tmp_path, text, fault):
    (tmp_path / "bookmakers.csv").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"bookmakers\.csv") as refused:
        read(BOOKMAKERS, tmp_path)
    assert str(refused.value).endswith(fault)


@pytest.mark.parametrize(
    ("column", "text"),
    [("takeout", "0.7"), ("takeout", "0.12345"), ("breakage", "0"), ("minimum", "nan"), ("since", "2026-02-30")],
)
def test_figures_that_cannot_be(tmp_path, column, text):
    row = {"track": "AQU", "bet_type": "win", "since": "2026-01-01", "takeout": "0.16", "breakage": "0.1"}
    fields = {**row, "minimum": "1.05", "origin": "a test", column: text}
    lines = ("# version: 2026-11-22", ",".join(POOL_TERMS.columns), ",".join(fields.values()))
    (tmp_path / "pool_terms.csv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(ConfigError, match=f"pool_terms.csv:3: {column}"):
        read(POOL_TERMS, tmp_path)


def test_a_folder_without_files_names_them_all(tmp_path):
    with pytest.raises(ConfigError) as refused:
        read_all(folder=tmp_path)
    assert str(refused.value).count("cannot be read") == len(FORMS)
