"""deploy/crontab and deploy/timers say what config.yaml says."""

import re
import shutil
import subprocess
from itertools import takewhile
from pathlib import Path

import pytest
import yaml
from crawling import ROOT

from horses_scrapy.clock import from_ms
from horses_scrapy.config.updates import Updates
from horses_scrapy.updates.due import instants
from horses_scrapy.updates.profiles import CRONS

UPDATES = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))["updates"]
CRONTAB = (ROOT / "deploy/crontab").read_text("utf-8")
TIMERS = ROOT / "deploy/timers"
LINE = re.compile(r"^(#?)((?:[^\s#]+ ){4}[^\s]+)\s+cd \"\$HOME\" && (\S+) (scripts/\S+) (.+)$", re.MULTILINE)
MONDAY, WEEK = 1_772_409_600_000, 7 * 86_400_000  # 2026-03-02


def lines(option: str) -> list[tuple[bool, str]]:
    """Whether it is in force, and its expression."""
    return [(not off, cron) for off, cron, _, _, asked in LINE.findall(CRONTAB) if asked == option]


@pytest.mark.parametrize("name", Updates.NAMES)
def test_the_crontab_has_the_expressions_of_the_configuration(name):
    told = UPDATES[name]
    assert told["timezone"] == "UTC"
    assert "CRON_TZ=UTC" in CRONTAB
    found = lines(f"--update {name}")
    assert (told["enabled"], told["cron"]) in found
    assert [on for on, _ in found if on] == [True] * told["enabled"]


def test_the_profiles_of_live_data_and_the_one_line_for_all():
    assert [cron for _, cron in lines("--update live_data")] == list(CRONS)
    assert lines("--once") == [(False, "*/10 * * * *")]
    assert {script for _, _, _, script, _ in LINE.findall(CRONTAB)} == {"scripts/scheduler.py"}
    runs = [len(list(_until(cron, MONDAY + WEEK // 7))) for cron in CRONS]
    assert runs == [48, 72, 144]
    assert "48, 72 and 144 runs a day" in CRONTAB


def _until(cron: str, end: int) -> list[int]:
    return list(takewhile(lambda at: at < end, instants(cron, "UTC", MONDAY - 1)))


def calendar(name: str) -> str:
    text = (TIMERS / f"horses-update-{name}.timer").read_text("utf-8")
    assert f"Unit=horses-update@{name}.service" in text
    assert f"{UPDATES[name]['cron']} of config.yaml" in text
    (found,) = re.findall(r"^OnCalendar=(.+)$", text, re.MULTILINE)
    return found


@pytest.mark.parametrize("name", Updates.NAMES)
def test_a_timer_fires_when_cron_does(name):
    """As systemd itself counts: its next instants are cron's."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    base = from_ms(MONDAY - 1000).strftime("%Y-%m-%d %H:%M:%S UTC")
    command = ["systemd-analyze", "calendar", "--iterations=50", f"--base-time={base}", calendar(name)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "UTC"}).stdout
    found = re.findall(r"\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d):00 UTC", said)
    assert len(found) == 50
    crons = instants(UPDATES[name]["cron"], "UTC", MONDAY - 1)
    assert found == [f"{from_ms(at):%Y-%m-%d %H:%M}" for at, _ in zip(crons, range(50), strict=False)]


def test_every_update_has_a_timer_and_one_service():
    assert {path.name for path in TIMERS.iterdir()} == {
        "horses-update@.service",
        *(f"horses-update-{name}.timer" for name in Updates.NAMES),
    }
    service = (TIMERS / "horses-update@.service").read_text("utf-8")
    assert "scripts/scheduler.py --update %i" in service
    assert Path(ROOT / "scripts/scheduler.py").is_file()
