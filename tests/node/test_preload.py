"""What the fork server sees of changes, and what its jobs inherit."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import literal, select

import horses_scrapy.clock
from alerts.rules import load_rules
from horses_scrapy.clock import Clock
from horses_scrapy.node.lean import tell_track
from horses_scrapy.node.preload import changed_at, loaded, stamps
from horses_scrapy.storage import schema, sqlite
from horses_scrapy.storage.engine import open_store

RULE = "rules:\n  - {{name: {name}, kind: win_odds_below, threshold: 2-1}}\n"


def test_a_changed_rule_file_is_read_again_and_the_same_is_not(tmp_path):
    file = tmp_path / "alerts.yaml"
    file.write_text(RULE.format(name="short"))
    before = file.stat()
    first = load_rules(file)
    assert load_rules(file) is first
    file.write_text(RULE.format(name="other"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # its time and size say nothing
    assert [rule.name for rule in load_rules(file).rules] == ["other"]


def test_it_looks_at_what_it_has_imported(tmp_path):
    here = horses_scrapy.clock.__file__
    strange = str(tmp_path / "strange.py")
    found = loaded({here: 1, strange: 2, str(tmp_path): 3})
    assert found == {here: 1, str(tmp_path): 3}, "a folder of packages counts, a file that nobody imported does not"
    assert stamps()[here] == changed_at(here) == Path(here).stat().st_mtime_ns
    assert changed_at(strange) is None


def test_a_statement_is_compiled_once_for_all_databases(place, tmp_path):
    def ask(name):
        told = place.settings_with(DB_PATH=str(tmp_path / name))
        with closing(open_store(told, Clock())) as store, store.read() as connection:
            connection.execute(select(schema.meta.c.value, literal("mark"))).all()

    ask("one.db")
    open_store(place.settings_with(DB_PATH=str(tmp_path / "two.db")), Clock()).close()
    before = len(sqlite._shared()[1])
    ask("two.db")
    assert len(sqlite._shared()[1]) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [(["track_aqu", "-a", "race=3"], "aqu"), (["-s", "A=b", "track_demo_js"], "demo_js"), (["facts"], None)],
)
def test_a_job_of_a_track_reads_its_block_alone(monkeypatch, words, told):
    monkeypatch.setenv("HORSES_TRACK", "before")
    monkeypatch.delenv("HORSES_TRACK")
    tell_track(words)
    assert os.environ.get("HORSES_TRACK") == told
