"""The rows of the benchmark that drive the chain measure what they name: the same boards, whole answers, real processes."""

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from bench_module import module
from offline import SHIPPED

from alerts.evaluate import evaluate
from alerts.reading import READERS
from alerts.rules.kinds import KINDS
from horses_scrapy.errors import StoreError
from horses_scrapy.offline import pages
from horses_scrapy.storage import sqlite

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def scene():
    return module("scene")


@pytest.fixture(scope="module")
def fired(scene):
    """(kind, subject) of each alert that one rule of each line of SPREAD gives on a first board."""
    board, history = scene.scene()
    found = evaluate(board, history, scene.rules_of(len(scene.SPREAD)), {}, board.fetched_at).fired
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


def test_a_scene_is_twelve_runners_with_all_their_exactas(scene):
    board, history = scene.scene()
    assert (len(board.runners), len(board.grids["exacta"].payouts), len(history.boards)) == (12, 132, 20)
    assert sum(1 for rule in scene.rules_of(1000, 10).boards_of(board.race)) == 100


def test_a_third_of_the_prices_of_the_tote_moves_per_poll_and_nearly_every_pair_and_no_pool_falls():
    tote = module("tote")
    boards = [list(tote.Race(tote.track_of("gulf", "GP"), number).boards(tote.POLLS)) for number in range(1, 9)]
    steps = [step for race in boards for step in pairwise(race)]
    moved = [sum(a != b for a, b in zip(x.prices, y.prices, strict=True)) for x, y in steps]
    cells = [sum(a != b for a, b in zip(x.grids[0].prices, y.grids[0].prices, strict=True)) for x, y in steps]
    assert 0.3 < sum(moved) / (12 * len(steps)) < 0.4
    assert sum(cells) / (132 * len(steps)) > 0.99
    assert all(a.amount <= b.amount for x, y in steps for a, b in zip(x.pools, y.pools, strict=True))


# --- throughput ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thrown(tmp_path_factory):
    """The folder of all contenders after each had two races of three boards."""
    throughput, chain, tote = (module(name) for name in ("throughput", "chain", "tote"))
    folder = tmp_path_factory.mktemp("throughput")
    races = [tote.Race(chain.TRACK, number) for number in (1, 2)]
    with throughput.contenders(folder, races, [list(race.boards(3)) for race in races]) as works:
        for work in works.values():
            work()
            work()
    return folder


OF_BOARDS = ("board", "price_change", "latest_odds", "pool_change", "pair_grid")


def rows(path, *tables, without=("run_id", "evaluated_at")):
    with closing(sqlite.driver().connect(path)) as connection:
        connection.row_factory = sqlite.driver().Row
        found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in tables}
    return {
        name: [{key: value for key, value in row.items() if key not in without} for row in table]
        for name, table in found.items()
    }


def chain_file(folder, name):
    number = list(module("throughput").CHAINS).index(getattr(module("throughput"), name))
    return folder / f"chain-{number}" / "data" / "horses.db"


def test_executemany_writes_the_very_rows_that_the_pipelines_store(thrown):
    stored = rows(chain_file(thrown, "STORE"), *OF_BOARDS)
    assert rows(thrown / "rows.db", *OF_BOARDS) == stored
    assert (len(stored["board"]), len(stored["latest_odds"]), len(stored["pair_grid"])) == (6, 24, 6)


def test_the_seeds_tables_get_a_row_for_every_value(thrown):
    for name, pairs in (("values.db", 6 * 132), ("seed.db", 0)):
        with closing(sqlite3.connect(thrown / name)) as connection:
            assert connection.execute("SELECT count(*) FROM odds_snapshot").fetchone() == (6 * 12,)
            assert connection.execute("SELECT count(*) FROM exacta_probable").fetchone() == (pairs,)


def test_every_board_is_sound_and_judged_where_rules_are_asked(thrown):
    for name, judged in (("STORE", False), ("ALONE", False), ("ALERT", True), ("ALL", True)):
        boards = rows(chain_file(thrown, name), "board", without=())["board"]
        assert [row["flags"] for row in boards] == [""] * 6
        assert [row["evaluated_at"] is not None for row in boards] == [judged] * 6
        assert bool(rows(chain_file(thrown, name), "alert")["alert"]) is judged


# --- parsing, jobs, end_to_end -------------------------------------------------------------------------------------------


def test_every_source_has_a_saved_day_that_is_read():
    parsing = module("parsing")
    days = parsing.saved_days(SHIPPED)
    assert days.keys() == SHIPPED.sources.keys()
    case = days["demo"]
    assert parsing.boards_of(case.spider(SHIPPED), pages(case.bodies())) == 1
    assert all(parsing.bare(body) is not None for day in days.values() for body in parsing.bodies_of(day))


def test_a_saved_day_that_is_not_read_whole_is_not_measured():
    parsing = module("parsing")
    case = parsing.saved_days(SHIPPED)["atg"]
    with pytest.raises(StoreError, match="gives 0 boards"):
        parsing.boards_of(case.spider(SHIPPED), lambda _: b"{}")


def test_the_cost_of_a_process_is_its_own():
    jobs = module("jobs")
    ours = b"x" * 200_000_000  # a child must not be charged with it
    cost = jobs.cost_of(("-c", "import time; held = b'x' * 60_000_000; time.sleep(0.3)"), {})
    assert 60 < cost.rss < len(ours) / 2_000_000
    assert 0 < cost.cpu < cost.wall
    with pytest.raises(StoreError, match="ended with 3"):
        jobs.cost_of(("-c", "raise SystemExit(3)"), {})


@pytest.mark.slow
def test_the_chain_and_the_mailer_are_measured_from_the_first_instant_to_the_last(tmp_path):
    committed, accepted = module("end_to_end").watched(tmp_path, 1)
    assert all(ms > 0 for ms in (*committed, *accepted))
    taken, bare = module("mail_burst").burst(tmp_path / "mails", 3, 1)
    assert (len(taken), len(bare)) == (3, 1)
    assert all(seconds > 0 for seconds in taken)


@pytest.mark.slow
def test_a_job_of_scrapyd_is_measured_from_the_queue_to_the_commit(tmp_path):
    jobs, installation = module("jobs"), module("installation")
    with installation.installed(tmp_path / "home", rate=1) as there:
        cost = jobs.job(there, 1)
    assert cost.cpu > 0
    assert cost.wall > 0
    assert cost.rss > 20
