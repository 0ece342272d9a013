"""SIGHUP: what the files say now, or nothing at all."""

import logging
import os
from pathlib import Path

import pytest

from horses_scrapy.config.reload import reloaded
from horses_scrapy.config.variables import variables


@pytest.fixture
def running(house, monkeypatch):
    for name in [name for name in os.environ if name in variables() or name.startswith("HORSES_")]:
        monkeypatch.delenv(name)
    return house.load("scheduler: {tick: 5}\n")


def test_the_files_are_read_again_and_the_command_line_still_wins(house, running):
    house.config_file.write_text("scheduler: {tick: 6, window: 60}\n", encoding="utf-8")
    house.env_file.write_text("HORSES_TRACKS__DEMO__ENABLED=false\n", encoding="utf-8")
    house.env_file.chmod(0o600)
    found = reloaded(running, {("scheduler", "window"): "90"})
    assert (found.scheduler.tick, found.scheduler.window, list(found.enabled_tracks)) == (6, 90, [])


@pytest.mark.parametrize(
    ("file", "old", "new", "faults"),
    [
        ("config.yaml", "tick: 5", "tick: 0}\nsmtp: {prot: 1", ["scheduler.tick", "smtp.prot"]),
        ("config.yaml", "tick: 5", "tick: [", ["not YAML"]),
        ("tracks.yaml", "country: US", "country: usa", ["tracks.demo.country"]),
    ],
)
def test_a_faulty_file_is_told_about_and_changes_nothing(house, running, caplog, file, old, new, faults):
    path = house.config_file.with_name(file)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert reloaded(running) is None
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == len(faults)
    assert all(any(fault in line for line in told) for fault in faults)


def test_a_running_process_keeps_its_database(house, running, caplog):
    house.config_file.write_text("system: {database_path: other.db}\nscheduler: {tick: 7}\n", encoding="utf-8")
    found = reloaded(running)
    assert (found.system.database_path, found.scheduler.tick) == (Path("data/horses.db"), 7)
    assert "system.*: changes with the next start" in caplog.text
