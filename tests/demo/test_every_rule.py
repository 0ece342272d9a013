"""`scripts/demo --every-rule` as a person runs it: each kind of rule fires, and a replay of the day gives the very alerts."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.rules import load_rules
from alerts.rules.kinds import KINDS
from horses_scrapy.demo import every_rule

ROOT = Path(__file__).parents[2]


def test_the_file_has_every_kind_once():
    kinds = [rule.kind for rule in load_rules(every_rule.RULES).rules]
    assert sorted(kinds) == sorted(KINDS)


@pytest.mark.slow
def test_every_rule_fires_and_the_day_replays_exactly(tmp_path):
    kept = tmp_path / "kept"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "EMAIL_", "DB_"))}
    played = run(["-m", "horses_scrapy.demo", "--every-rule", "--keep", str(kept)], clean)
    assert played.returncode == 0, played.stdout + played.stderr
    [(date,)] = sqlite3.connect(kept / "data" / "horses.db").execute("SELECT DISTINCT race_date FROM race").fetchall()
    again = run(
        ["scripts/alertctl.py", "replay", "--date", date, "--against-live"],
        {**clean, "HORSES_CONFIG": str(kept / "config" / "config.yaml")},
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert "equal to the live run" in again.stdout


def run(command, environment):
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
