"""The benchmark's frame says what is met and what is not, and its rows measure what they name."""

import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench_module import module

from horses_scrapy.errors import ConfigError
from horses_scrapy.simulator.bulk import OBSERVED, PAIRS, POLLS, RUNNERS, BulkPlan
from horses_scrapy.storage import queries, sqlite

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def frame():
    return module("frame")


def figure(frame, value=5.0, **more):
    return frame.Figure(name="n", value=value, unit="u", **more)


@pytest.mark.parametrize(
    ("sense", "limit", "of", "met"),
    [
        ("<", 5, "value", False), ("<=", 5, "value", True), (">", 5, "value", False), (">=", 5, "value", True),
        ("<", 6, "value", True), (">", 4, "value", True), (">=", 8, "ratio", False), (">=", 2, "ratio", True),
    ],
)  # fmt: skip
def test_a_goal_is_of_the_value_or_of_the_ratio(frame, sense, limit, of, met):
    assert figure(frame, ratio=2.5, goal=frame.Goal(sense, limit, of)).met is met


def test_a_goal_of_a_ratio_that_was_not_measured_is_missed_and_no_goal_is_neither(frame):
    assert figure(frame, goal=frame.Goal(">", 1, "ratio")).met is False
    assert figure(frame).met is None


def test_works_take_turns_and_a_percentile_is_a_measured_value(frame):
    order = []
    taken = frame.in_turns(3, {"a": lambda: order.append("a"), "b": lambda: order.append("b")})
    assert "".join(order) == "ababab"
    assert {name: len(each) for name, each in taken.items()} == {"a": 3, "b": 3}
    values = [float(number) for number in range(100, 0, -1)]
    assert [frame.percentile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 51, 100, 100]


def test_every_row_of_the_folder_is_found_once_and_says_what_it_is(frame):
    found = frame.rows()
    names = [row.NAME for row in found]
    assert {"bytes", "latency", "writers", "databases"} <= set(names)
    assert names == sorted(set(names))
    assert all(row.__doc__ and callable(row.run) for row in found)


@pytest.fixture
def main(monkeypatch, frame):
    """The command with one row, which keeps what it was given."""
    command = module("__main__")
    given = []

    def run(context):
        given.append(context)
        context.leave_out("the half of it")
        slow = figure(frame, 250.0, goal=frame.Goal("<", 100), target="query")
        return [slow, figure(frame, 1234.5, against="bare", against_value=2469.0, ratio=0.5)]

    monkeypatch.setattr(command, "rows", lambda: [SimpleNamespace(NAME="stub", run=run)])
    return SimpleNamespace(run=command.main, given=given)


def test_the_table_shows_figures_goals_targets_and_what_was_left_out(main, capsys):
    assert main.run(["--quick"]) == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "stub n 250 u < 100 MISSED" in lines
    assert "n 1,234 u bare: 2,469 0.5x" in lines
    assert "seed's target: a query takes < 100 ms: 250 u (n): MISSED" in lines
    assert "left out of stub: the half of it" in lines
    assert main.given[0].quick
    assert not main.given[0].folder.exists()


def test_json_holds_machine_and_figures(main, tmp_path, capsys):
    file = tmp_path / "bench.json"
    assert main.run(["--json", str(file), "--workdir", str(tmp_path / "kept")]) == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["machine"]["cores"] >= 1
    assert told["machine"]["fsync_ms"] > 0
    assert told["quick"] is False
    (row,) = told["rows"]
    assert (row["row"], row["left_out"]) == ("stub", ["the half of it"])
    first, second = row["figures"]
    assert (first["value"], first["goal"], first["met"]) == (250.0, "< 100", False)
    assert (second["against"], second["ratio"], second["met"]) == ("bare", 0.5, None)
    assert list((tmp_path / "kept").iterdir()) == []
    capsys.readouterr()


def test_a_row_that_there_is_not_is_named(main, capsys):
    assert main.run(["--row", "sutb"]) == ConfigError.exit_code
    assert capsys.readouterr().err == "error: --row sutb: there is stub\n"
    assert main.given == []


def test_a_place_that_cannot_be_written_is_named(main, tmp_path, capsys):
    assert main.run(["--json", str(tmp_path / "no" / "bench.json")]) == ConfigError.exit_code
    assert "bench.json: cannot be written: No such file" in capsys.readouterr().err


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """One race with all its exactas, as this project stores it and as the seed's tables do."""
    kept = tmp_path_factory.mktemp("kept")
    context = module("frame").Context("test", kept, kept, quick=True)
    samples, plan = module("samples"), BulkPlan(observed=OBSERVED, grids_every=1)
    ours, seeds = samples.ours(context, plan), samples.seeds(context, plan)
    return SimpleNamespace(ours=ours, seeds=seeds, plan=plan, context=context)


def test_a_sample_is_made_once_and_an_unfinished_one_anew(sample):
    samples = module("samples")
    before = sample.ours.stat().st_mtime_ns
    assert samples.ours(sample.context, sample.plan) == sample.ours
    assert sample.ours.stat().st_mtime_ns == before
    sample.seeds.rename(sample.seeds.with_suffix(".unfinished"))
    samples.seeds(sample.context, sample.plan)
    assert sample.seeds.exists()
    assert not list(sample.context.kept.glob("*.unfinished*"))


def test_both_samples_hold_the_same_boards(sample):
    with closing(sqlite.driver().connect(sample.seeds)) as database:
        rows = database.execute(
            "SELECT win_odds_decimal * 1000, win_pool_amount FROM odds_snapshot ORDER BY 1, 2"
        ).fetchall()
        pairs = database.execute("SELECT count(*), sum(payout) FROM exacta_probable").fetchone()
        assert (
            database.execute("SELECT min(fetched_at) FROM odds_snapshot").fetchone()[0].startswith("2024-01-02 12:00:0")
        )
    with closing(sqlite.driver().connect(sample.ours)) as database:
        ours = database.execute(
            "SELECT win_odds_decimal * 1000, win_pool_amount FROM odds_snapshot ORDER BY 1, 2"
        ).fetchall()
    assert len(rows) == OBSERVED
    assert [(round(price), amount) for price, amount in rows] == [(round(price), amount) for price, amount in ours]
    (race,) = next(sample.plan.bouts())
    payouts = [payout for poll in race.polls() for payout in poll.payouts]
    assert pairs == (POLLS * len(PAIRS), pytest.approx(sum(payouts) / 100))


def test_bytes_are_those_of_the_file_by_table(sample):
    found = module("bytes").by_table(sample.ours, 1)
    schema_page = module("samples").table_bytes(sample.ours)["sqlite_schema"]
    assert sum(found.values()) == pytest.approx(sample.ours.stat().st_size - schema_page, rel=0.02)
    assert found["pair_grid"] > found["pool_change"] > found["latest_odds"] == 4096


def test_the_statement_is_taken_off_the_wire(sample):
    latency, store = module("latency"), module("samples").opened(sample.ours)
    with closing(store), closing(latency.connected(sample.ours)) as database:
        for question in latency.QUESTIONS:
            asked = latency.on_the_wire(store, question, [1, 1])
            assert len(asked.parameters) == 2
            rows = database.execute(asked.text, asked.parameters[0]).fetchall()
            with store.read() as connection:
                assert len(rows) == len(question.ask(connection, 1)) > 0
        with store.read() as connection:
            assert len(queries.latest_odds(connection, 1)) == RUNNERS


@pytest.mark.slow
def test_saturating_processes_are_counted(tmp_path):
    writers = module("writers")
    writers.prepare(tmp_path / "w.db")
    wrote = writers.saturate(3, writers.write_board, tmp_path / "w.db", 0.5)
    with closing(sqlite.driver().connect(tmp_path / "w.db")) as database:
        (boards,) = database.execute("SELECT count(*) FROM board").fetchone()
        (prices,) = database.execute("SELECT count(*) FROM price_change").fetchone()
    assert boards == sum(len(one.taken) for one in wrote) + 3 * writers.WARM
    assert prices == boards * writers.INTERESTS
    assert all(one.locked == 0 and min(one.taken) > 0 for one in wrote)
