"""The benchmark of the rules measures what it says: every kind that reads boards, on a board on which each of them fires."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.evaluate import evaluate
from alerts.reading import READERS
from alerts.rules.kinds import KINDS

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_evaluate.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_evaluate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def fired(bench):
    """(kind, subject) of each alert that one rule of each line of SPREAD gives on a first board."""
    board, history = bench.scene()
    found = evaluate(board, history, bench.rules_of(len(bench.SPREAD)), {}, board.fetched_at).fired
    return [(one.rule.kind, one.identity.subject) for one in found]


def test_every_kind_that_reads_boards_fires(fired):
    kinds = {kind for kind, model in KINDS.items() if model in READERS}
    assert {kind for kind, _ in fired} == kinds


def test_what_fires_is_what_the_scene_shows(fired):
    """Only #3 was bet down, and only the win pool knows: it is short, and every exacta with it pays too much."""
    assert {subject for kind, subject in fired if kind in {"win_odds_below", "steam", "odds_drop"}} == {"3"}
    overlays = {subject for kind, subject in fired if kind == "exacta_overlay"}
    others = [str(number) for number in range(1, 13) if number != 3]
    assert overlays == {f"3-{other}" for other in others} | {f"{other}-3" for other in others}
    assert [subject for kind, subject in fired if kind == "pool_above"] == [""]


def test_a_scene_is_twelve_runners_with_all_their_exactas(bench):
    board, history = bench.scene()
    assert (len(board.runners), len(board.grids["exacta"].payouts), len(history.boards)) == (12, 132, 20)
    assert sum(1 for rule in bench.rules_of(1000, 10).boards_of(board.race)) == 100


def test_it_runs_without_a_configuration(tmp_path):
    command = [sys.executable, SCRIPT, "--runs", "2"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "board", "baseline", "50 rules of all kinds", "1,000 rules, 100 of this track",
    ]  # fmt: skip
    assert "12 runners, 132 exactas, 20 before" in done.stdout
