"""scripts/db.py as people run it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = (
    "init", "schema", "check", "upgrade", "downgrade", "backup", "restore", "prune", "stats", "export", "drift", "copy",
    "analyze",
)  # fmt: skip


@pytest.fixture
def script(tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / "db.py", "--config", ROOT / "config" / "config.yaml", *words],
            capture_output=True,
            text=True,
            check=False,
            env={"DB_PATH": str(tmp_path / "x.db"), "LOG_DIR": str(tmp_path)},
        )

    return run


def test_help_names_every_verb(script):
    said = script("--help").stdout
    assert [line.split()[0] for line in said.splitlines() if line.startswith("    ") and line[4] != " "] == list(VERBS)


def test_a_verb_that_fails_says_one_line(script, tmp_path):
    ended = script("check")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"error: {tmp_path}/x.db: there is no database; make one: scripts/db.py init\n"
    assert list(tmp_path.glob("x.db*")) == []
