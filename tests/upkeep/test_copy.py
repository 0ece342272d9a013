import argparse
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import hypothesis
import pytest
import stored_sample as sample
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.storage import engine, schema
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.upkeep import copying
from horses_scrapy.storage.upkeep.copying import TABLES, Digesting
from horses_scrapy.upkeep import copy as verb

DIRECTIONS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]
SLOTS = ["a", "B", "ä", "Z", "a b", "\U0001f40e", "_"]
"""Keys that an alphabet orders otherwise than their bytes do."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two SQLite databases, made once: `empty`, and `filled`."""
    folder = tmp_path_factory.mktemp("made")
    made = {name: folder / f"{name}.db" for name in ("empty", "filled")}
    with closing(Store(address_at("sqlite:///empty.db", folder))) as store:
        store.move(create_as="demo")
    shutil.copy(made["empty"], made["filled"])
    with closing(Store(address_at("sqlite:///filled.db", folder))) as store:
        fill(store)
    return made


@pytest.fixture
def urls(request, files, tmp_path):
    """Of a database of each kind, with our tables."""

    def make(dialect, name, content):
        if dialect == "sqlite":
            shutil.copy(files[content], tmp_path / f"{name}.db")
            return f"sqlite:///{name}.db"
        return request.getfixturevalue("postgres_url")

    return make


@pytest.fixture
def opened(tmp_path):
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(closing(Store(address_at(url, tmp_path))))


def fill(store: Store) -> None:
    with store.write() as connection:
        sample.fill(connection)
        keep_slots(connection)


def keep_slots(connection) -> None:
    rows = [{"track": key, "kind": "card", "due_at": number, "job_id": key, "state": "planned", "due_mono": 1}
            for number, key in enumerate(SLOTS)]  # fmt: skip
    connection.execute(insert(schema.slot), rows)


@pytest.fixture
def pair(request, urls, opened):
    """A filled source and an empty target, of the kinds that the test is run with."""
    kinds = getattr(request, "param", ("sqlite", "sqlite"))
    source, target = opened(urls(kinds[0], "source", "filled")), opened(urls(kinds[1], "target", "empty"))
    if source.dialect == "postgresql":
        fill(source)
    return source, target


def dump(store: Store) -> dict[str, list]:
    with store.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }


def silent(_doing: str, _more: int) -> None:
    return


def copied(source: Store, target: Store, tell=silent, size=7):
    return verb.copy(source, target, size, tell)


@pytest.mark.parametrize("pair", DIRECTIONS, indirect=True, ids="-".join)
def test_everything_arrives_and_the_copy_is_written_on(pair):
    """New rows get new ids, the same in both."""
    source, target = pair
    digests = copied(source, target)
    assert dump(target) == dump(source)
    assert {name: one.rows for name, one in digests.items() if one.rows} == {
        name: len(rows) for name, rows in dump(source).items() if rows and name != "meta"
    }
    for store in pair:
        with store.write() as connection:
            sample.store(connection, sample.card(3))
            sample.store(connection, sample.board(1, 180))
    assert dump(target) == dump(source)


class PowerCut(Exception):
    """Stands for a kill: what is committed stays, nothing is cleaned up."""


def cut_after(steps):
    left = iter(range(steps))

    def tell(_doing, _more):
        if next(left, None) is None:
            raise PowerCut

    return tell


@pytest.mark.parametrize("pair", DIRECTIONS[1:2], indirect=True, ids="-".join)
def test_it_goes_on_where_it_was_cut(pair, tmp_path):
    source, target = pair
    steps, done = 0, []
    while not done:
        try:
            copied(source, target, cut_after(steps))
        except PowerCut:
            assert "purpose" not in dict(dump(target)["meta"])
            steps += 8
        else:
            done.append(steps)
    assert steps > 30
    assert dump(target) == dump(source)


def test_no_program_takes_a_half_copy_for_a_database(pair, tmp_path):
    source, target = pair
    with pytest.raises(PowerCut):
        copied(source, target, cut_after(10))
    settings = sample.settings_in(tmp_path, database_url=f"sqlite:///{target.path.name}")
    with pytest.raises(StoreError, match="purpose"):
        open_store(settings, Clock())


def test_what_is_there_is_not_written_again(pair):
    """A copy that is cut at its first comparison only compares when it goes on."""
    source, target = pair
    told = []

    def cut(doing, _more):
        if doing.startswith("compare"):
            raise PowerCut

    with pytest.raises(PowerCut):
        copied(source, target, cut)
    copied(source, target, lambda doing, _more: told.append(doing.split()[0]))
    assert set(told) == {"compare"}


def change_much(connection) -> None:
    """Rows go, come between others, and change, in parents and children."""
    race, entry, latest = schema.race, schema.entry, schema.latest_odds
    connection.execute(update(race).where(race.c.race_id == 1).values(name="Renamed"))
    connection.execute(delete(schema.alert_delivery))
    connection.execute(delete(schema.alert))
    connection.execute(delete(schema.payoff).where(schema.payoff.c.race_id == 1))
    connection.execute(update(entry).where(entry.c.entry_id == 2).values(jockey=None))
    connection.execute(update(latest).values(seen_at=latest.c.seen_at + 1))
    connection.execute(delete(schema.slot).where(schema.slot.c.track == "B"))
    connection.execute(
        insert(schema.slot).values(track="b", kind="x", due_at=0, job_id="b", state="planned", due_mono=1)
    )
    sample.store(connection, sample.board(1, 30))
    sample.store(connection, sample.card(3))


@pytest.mark.parametrize("pair", DIRECTIONS, indirect=True, ids="-".join)
def test_what_changed_between_two_runs_is_mended(pair):
    source, target = pair
    with pytest.raises(PowerCut):
        copied(source, target, cut_after(20))
    with source.write() as connection:
        change_much(connection)
    copied(source, target)
    assert dump(target) == dump(source)


@pytest.mark.parametrize("pair", DIRECTIONS[::2], indirect=True, ids="-".join)
def test_a_writer_meanwhile_is_followed(pair, capsys):
    source, target = pair
    todo = [change_much]

    def write_once(doing, _more):
        if todo and doing == "copy board":
            with source.write() as connection:
                todo.pop()(connection)

    copied(source, target, write_once)
    assert dump(target) == dump(source)
    assert "rows were added" in capsys.readouterr().err


def test_a_writer_that_does_not_stop_is_told_of(pair):
    source, target = pair
    seconds = iter(range(1000, 2000))

    def write(doing, _more):
        if doing == "compare board":
            with source.write() as connection:
                sample.store(connection, sample.board(1, next(seconds)))

    with pytest.raises(StoreError, match=r"still written to.* same command again"):
        copied(source, target, write)
    copied(source, target)
    assert dump(target) == dump(source)


def test_a_copy_that_differs_is_no_copy(pair, monkeypatch):
    source, target = pair
    monkeypatch.setattr(copying, "change", lambda *_: None)

    def spoil(doing, _more):
        if doing == "compare race":
            with target.write() as connection:
                connection.execute(update(schema.race).values(name="spoilt"))

    with pytest.raises(StoreError, match="differs from its source in race"):
        copied(source, target, spoil)


def run(tmp_path, source: str, target: str, *more: str) -> int:
    parser = argparse.ArgumentParser()
    verb.describe(parser)
    return verb.run(sample.settings_in(tmp_path), parser.parse_args(["--from", source, "--to", target, *more]))


def test_the_command(pair, tmp_path, capsys):
    source, _ = pair
    assert run(tmp_path, "sqlite:///source.db", "sqlite:///new/copy.db") == 0
    rows = sum(len(rows) for name, rows in dump(source).items() if name != "meta")
    assert f"verified: {rows} rows, {len(TABLES)} tables" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(pair, tmp_path, capsys):
    _, target = pair
    before = dump(target)
    assert run(tmp_path, "sqlite:///source.db", "sqlite:///new/copy.db", "--dry-run") == 0
    assert not (tmp_path / "new").exists()
    assert run(tmp_path, "sqlite:///source.db", "sqlite:///target.db", "--dry-run") == 0
    assert dump(target) == before
    assert "price_change" in capsys.readouterr().out


def test_a_url_from_a_variable(pair, tmp_path, monkeypatch):
    monkeypatch.setenv("OLD_DATABASE", "sqlite:///source.db")
    assert run(tmp_path, "env:OLD_DATABASE", "sqlite:///target.db") == 0
    with pytest.raises(ConfigError, match="NEW_DATABASE is not set"):
        run(tmp_path, "env:OLD_DATABASE", "env:NEW_DATABASE")


def test_a_filled_target_is_refused(pair, tmp_path):
    _, target = pair
    fill(target)
    before = dump(target)
    with pytest.raises(StoreError, match=r"holds rows already \(.*name an empty database"):
        run(tmp_path, "sqlite:///source.db", "sqlite:///target.db")
    assert dump(target) == before


def test_a_finished_copy_is_no_copy_any_more(pair, tmp_path):
    """It may have rows of its own since."""
    run(tmp_path, "sqlite:///source.db", "sqlite:///target.db")
    with pytest.raises(StoreError, match="holds rows already"):
        run(tmp_path, "sqlite:///source.db", "sqlite:///target.db")


def test_a_copy_of_something_else_is_refused(pair, tmp_path, urls):
    source, target = pair
    with pytest.raises(PowerCut):
        copied(source, target, cut_after(10))
    urls("sqlite", "other", "filled")
    with pytest.raises(StoreError, match=r"unfinished copy of .*source\.db"):
        run(tmp_path, "sqlite:///other.db", "sqlite:///target.db")
    with pytest.raises(StoreError, match="never finished"):
        run(tmp_path, "sqlite:///target.db", "sqlite:///third.db")


def test_an_older_revision_is_refused(pair, tmp_path):
    _, target = pair
    engine.downgrade(target.address, "0003")
    with pytest.raises(StoreError, match=r"revision 0003.*upgrade"):
        run(tmp_path, "sqlite:///source.db", "sqlite:///target.db")
    with pytest.raises(StoreError, match=r"revision 0003.*upgrade"):
        run(tmp_path, "sqlite:///target.db", "sqlite:///third.db")
    assert not (tmp_path / "third.db").exists()


REFUSED = {
    ("sqlite:///source.db", "sqlite:///./source.db"): "the same database",
    ("sqlite:///absent.db", "sqlite:///target.db"): "no database to copy",
    ("mysql://u:hunter2@h/d", "sqlite:///target.db"): "--from: mysql",
    ("sqlite:///source.db", "postgresql://u:hunter2@:not a url"): "--to",
}


@pytest.mark.parametrize(("given", "why"), REFUSED.items())
def test_urls_that_do_not_do(pair, tmp_path, given, why):
    with pytest.raises(ConfigError, match=why) as caught:
        run(tmp_path, *given)
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "absent.db").exists()


def test_no_password_is_shown(pair, tmp_path, blank_postgres_url, capsys):
    assert "hunter2" in blank_postgres_url
    assert run(tmp_path, "sqlite:///source.db", blank_postgres_url) == 0
    shown = capsys.readouterr()
    assert "postgresql://127.0.0.1" in shown.out
    assert "hunter2" not in shown.out + shown.err


ROWS = st.dictionaries(st.integers(0, 20), st.integers(0, 3)).map(lambda rows: sorted(rows.items()))


@hypothesis.settings(max_examples=40)
@given(wanted=ROWS, present=ROWS, size=st.integers(1, 5))
def test_the_differences_make_one_the_other(wanted, present, size):
    made = dict(present)
    for found in verb.differences(iter(wanted), iter(present), 1, size):
        assert len(found) <= size
        for (key,) in found.gone:
            del made[key]
        for key, value in found.changed:
            assert made[key] != value
            made[key] = value
        for key, value in found.new:
            assert key not in made
            made[key] = value
    assert sorted(made.items()) == wanted


VALUES = st.integers() | st.text() | st.none()


def digest(*pages):
    made = Digesting()
    for page in pages:
        made.take(page)
    return made.digest()


@hypothesis.settings(max_examples=40)
@given(rows=st.lists(st.tuples(st.integers(), VALUES), min_size=2, max_size=9), at=st.integers(1, 8), other=VALUES)
def test_a_digest_is_of_rows_however_they_are_read(rows, at, other):
    middle = min(at, len(rows) - 1)
    assert digest(rows) == digest(rows[:middle], rows[middle:])
    key, value = rows[middle]
    if other != value:
        assert digest(rows) != digest([*rows[:middle], (key, other), *rows[middle + 1 :]])
    assert digest(rows) != digest(rows[:-1])


def test_no_table_is_left_out():
    assert {one.name for one in TABLES} == set(schema.metadata.tables) - {"meta"}


def url_of(store: Store) -> str:
    if store.path is not None:
        return f"sqlite:///{store.path}"
    return store.address.url.render_as_string(hide_password=False)


@pytest.mark.fault
@pytest.mark.parametrize("pair", DIRECTIONS, indirect=True, ids="-".join)
def test_killed_at_any_moment(pair, tmp_path):
    """SIGKILL while it copies, again and again."""
    source, target = pair
    with source.write() as connection:
        for race in range(3, 60):
            sample.store(connection, sample.card(race))
            for second in range(0, 600, 60):
                sample.store(connection, sample.board(race, second))
    code = (
        "import sys, time; from pathlib import Path; from contextlib import closing;"
        "from horses_scrapy.storage.address import address_at; from horses_scrapy.storage.engine import Store;"
        "from horses_scrapy.upkeep.copy import copy;"
        "a, b = (Store(address_at(url, Path(sys.argv[3]))) for url in sys.argv[1:3]);"
        "print('go', flush=True); copy(a, b, 50, lambda *_: time.sleep(0.002)); b.close(); print('done', flush=True)"
    )
    given = [sys.executable, "-c", code, *map(url_of, pair), str(tmp_path)]
    kills = 0
    while True:
        with subprocess.Popen(given, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "go\n"
            time.sleep(0.1 * (kills + 1))
            process.send_signal(signal.SIGKILL)
            if "done" in process.stdout.read():
                break
        kills += 1
    assert kills >= 3
    assert dump(target) == dump(source)
