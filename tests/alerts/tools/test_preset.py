"""The shipped rules on a synthetic card of ten races, each of which has a plunge: few mails, as a person would ask for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST = 12
"""Mails on a card of ten races."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 21])
def test_a_card_of_ten_races_is_at_most_twelve_mails(tmp_path, seed):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "EMAIL_", "DB_"))}
    environment = {**clean, "DB_PATH": str(tmp_path / "card.db"), "EMAIL_RECIPIENT": "you@example.com"}
    card = ["--races", "10", "--seed", str(seed), "--date", "2026-05-02", "--path", str(tmp_path / "card.db")]
    run(["scripts/generate_test_data.py", *card], environment)
    told = run(["scripts/alertctl.py", "replay", "--date", "2026-05-02"], environment)
    found = re.search(r"^you@example\.com +(\d+) +(\d+)", told, re.MULTILINE)
    assert found, told
    messages, summaries = int(found[1]), int(found[2])
    assert 0 < messages <= MOST, told
    assert summaries == 0, told


def run(command, environment):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
