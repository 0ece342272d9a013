import argparse
import json
import statistics
from contextlib import closing

import pytest
import stored_sample as sample
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from horses_scrapy.clock import Clock
from horses_scrapy.storage import schema
from horses_scrapy.storage.drift import Drifted, Noted, record
from horses_scrapy.storage.engine import open_store
from horses_scrapy.upkeep import drift


def noted(minutes, price, final, *, race=1, label="1", track="demo", source="demo") -> Noted:
    return Noted(track, source, race, label, minutes, price, final)


def marks(rows) -> dict[int, tuple[int, float]]:
    """Minutes -> prices and median ratio."""
    return {one.minutes: (one.prices, one.ratio_median) for one in drift.spreads(rows)}


# Spans that are noted -> what stands for T-10, T-5, T-1 and T-0. The final price is 2000.
STANDING = {
    "each": ({10: 8000, 5: 4000, 1: 2500, 0: 2000}, {10: 0.25, 5: 0.5, 1: 0.8, 0: 1.0}),
    "the nearest before": ({15: 8000, 8: 4000, 6: 5000, 3: 2500, 2: 2000}, {10: 0.25, 5: 0.4, 1: 1.0, 0: 1.0}),
    "nothing after its mark": ({4: 4000}, {1: 0.5, 0: 0.5}),
    "not further than the next mark": ({20: 8000, 30: 9000}, {}),
    "T-5 is no T-0": ({5: 4000}, {5: 0.5}),
    "T-10 is no T-5": ({10: 4000}, {10: 0.5}),
}


@pytest.mark.parametrize(("known", "ratios"), STANDING.values(), ids=STANDING)
def test_which_board_stands_for_a_mark(known, ratios):
    found = marks(noted(minutes, price, 2000) for minutes, price in known.items())
    assert found == {minutes: (1, ratio) for minutes, ratio in ratios.items()}


def test_by_hand():
    """Ratios 0.5, 1, 1.5, 2; 100 / odds moved by 25, 0, 16.67 and 10 points."""
    pairs = ((4000, 2000), (5000, 5000), (2000, 3000), (5000, 10_000))
    (found,) = drift.spreads(
        noted(10, price, final, race=1 + number // 2, label=str(number)) for number, (price, final) in enumerate(pairs)
    )
    assert (found.races, found.prices) == (2, 4)
    assert found.ratio_p10 == pytest.approx(0.65)
    assert found.ratio_median == pytest.approx(1.25)
    assert found.ratio_p90 == pytest.approx(1.85)
    assert found.points_median == pytest.approx((10 + 50 / 3) / 2)
    assert found.points_p90 == pytest.approx(50 / 3 + (25 - 50 / 3) * 0.7)


def test_tracks_and_sources_are_kept_apart():
    rows = [noted(0, 2000, 4000), noted(0, 2000, 2000, source="other"), noted(0, 2000, 1000, track="gulf", race=2)]
    assert [(one.track, one.source, one.ratio_median) for one in drift.spreads(rows)] == [
        ("demo", "demo", 2.0),
        ("demo", "other", 1.0),
        ("gulf", "demo", 0.5),
    ]


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30))
def test_a_percentile_is_that_of_statistics(values):
    deciles = statistics.quantiles(values, n=10, method="inclusive")
    ascending = sorted(map(float, values))
    for tenths in range(1, 10):
        assert drift.percentile(ascending, tenths / 10) == pytest.approx(deciles[tenths - 1])


def test_of_one_value_every_percentile_is_it():
    assert [drift.percentile([3.0], share) for share in (0.0, 0.5, 0.9, 1.0)] == [3.0] * 4


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Two races, one of them official with its drift noted."""
    made = sample.settings_in(tmp_path_factory.mktemp("drift"))
    with closing(open_store(made, Clock())) as store, store.write() as connection:
        sample.fill(connection)
        last = connection.scalar(select(schema.board.c.board_id).where(schema.board.c.race_id == 1).limit(1))
        given = ((10, "1", 4000, 2000), (10, "2", 2000, 3000), (0, "1", 2500, 2000), (0, "2", 3000, 3000))
        record(connection, last, [
            Drifted(minutes=minutes, label=label, price=price, final_price=final)
            for minutes, label, price, final in given
        ])  # fmt: skip
    return made


def shown(settings, *arguments) -> int:
    parser = argparse.ArgumentParser()
    drift.describe(parser)
    return drift.run(settings, parser.parse_args(arguments))


def test_the_table(settings, capsys):
    assert shown(settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if "T-" in line] == [
        ["demo", "demo", "T-10", "1", "2", "0.600", "1.000", "1.400", "20.83", "24.17"],
        ["demo", "demo", "T-0", "1", "2", "0.820", "0.900", "0.980", "5.00", "9.00"],
    ]
    assert lines[-1].startswith("1 official races")


def test_json(settings, capsys):
    assert shown(settings, "--json", "--track", "DMO") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["track"], one["minutes"], one["prices"]) for one in found] == [("demo", 10, 2), ("demo", 0, 2)]


def test_another_track_has_none(settings, capsys):
    assert shown(settings, "--json", "--track", "gulf") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_race_that_no_rule_looked_at_is_worked_out_of_its_history(tmp_path, capsys):
    """Prices of 1 are 3 and a hundredth more each second: of the board 630 s before the post, and so on; of 2 always 2.5."""
    made = sample.settings_in(tmp_path)
    with closing(open_store(made, Clock())) as store, store.write() as connection:
        sample.store(connection, sample.card())
        for seconds, minutes in ((1170, 10), (1500, 5), (1740, 1), (1800, 0)):
            sample.store(connection, sample.board(1, seconds, minutes_to_post=minutes))
        for seconds, status in ((1830, "closed"), (2400, "official")):
            sample.store(connection, sample.board(1, seconds, status=status, minutes_to_post=None))
    assert shown(made, "--json") == 0
    found = {one["minutes"]: one for one in json.loads(capsys.readouterr().out)}
    assert {minutes: (one["races"], one["prices"]) for minutes, one in found.items()} == dict.fromkeys(
        (10, 5, 1, 0), (1, 2)
    )
    ends = 3000 + 24_000
    assert found[10]["ratio_median"] == pytest.approx((ends / (3000 + 11_700) + 1) / 2)
    assert found[0]["ratio_median"] == pytest.approx((ends / (3000 + 18_000) + 1) / 2)
