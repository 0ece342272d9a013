"""What eight saturating writers are promised, as the benchmark's row measures it. Needs a machine with nothing else to do."""

import importlib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SCRIPTS)
    frame = importlib.import_module("benchmarks.frame")
    return importlib.import_module("benchmarks.writers"), frame.Context("writers", tmp_path, tmp_path, quick=False)


@pytest.mark.slow
def test_eight_writers_for_half_a_minute(benchmark):
    writers, context = benchmark
    figures = {figure.name: figure for figure in writers.run(context)}
    missed = {name: f"{figure.value:.3g}, not {figure.goal}" for name, figure in figures.items() if figure.met is False}
    assert missed == {}
    assert {name for name, figure in figures.items() if figure.met} == {
        "durable commits", "longest wait", "share slowest / fastest", "locked out",
    }  # fmt: skip
