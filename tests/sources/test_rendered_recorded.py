"""TVG's page as the service really sent its parts (an Australian harness race, nine runners), in a real Chromium."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from browsers import need_browser
from crawling import ROOT, environment, write_config
from raw_server import answer, serving
from sources.rendered_recorded import SHELL

SAMPLES = ROOT.parent / "shared/samples/tvg"
BLOCK = {
    "code": "AUB",
    "name": "Recorded",
    "country": "AU",
    "timezone": "Australia/Sydney",
    "source": "rendered",
    "source_key": "AU2",
    "currency": "USD",
}


def crawl_recorded(home):
    parts = {
        f"/{name}.txt": [answer(200, (SAMPLES / f"{name}.txt").read_bytes(), Content_Type="text/plain; charset=utf-8")]
        for name in ("summ", "pools", "probables")
    }
    with serving({"/race/7": [answer(200, SHELL, Content_Type="text/html; charset=utf-8")], **parts}) as server:
        config = write_config(home, server.url)
        tracks = config.with_name("tracks.yaml")
        known = yaml.safe_load(tracks.read_text("utf-8"))
        known["tracks"]["recorded"] = BLOCK
        tracks.write_text(yaml.safe_dump(known), "utf-8")
        chosen = ("SPIDER_MODULES=rendered_recorded", "ITEM_PIPELINES={}")
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "scrapy",
            "crawl",
            "track_recorded",
            "-O",
            str(home / "items.jsonl"),
        ]
        command += [part for setting in chosen for part in ("-s", setting)]
        told = environment(config, {"PYTHONPATH": str(Path(__file__).parent)})
        done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (home / "items.jsonl").read_text("utf-8").splitlines()]


def test_the_recorded_probables_page_in_a_real_browser(tmp_path):
    need_browser()
    if not SAMPLES.is_dir():
        pytest.skip("the recorded samples are not beside the project")
    race, board = crawl_recorded(tmp_path)
    assert [entry["program_number"] for entry in race["entries"]] == [str(number) for number in range(1, 10)]
    prices = {price["label"]: (price["price"], price["status"]) for price in board["prices"]}
    assert prices["9"] == (1500, "active")  # 1/2
    assert prices["3"] == (None, "scratched")
    pools = {(pool["bet_type"], pool["label"]): pool["amount"] for pool in board["pools"]}
    assert [pools[kind, None] for kind in ("win", "place", "show")] == [289_700, 59_600, 48_400]
    (grid,) = board["grids"]
    pays = {(pair["first"], pair["second"]): pair["payout"] for pair in grid["prices"]}
    assert (grid["base"], pays["9", "1"]) == (100, 800)  # column 9, row 1: 9 then 1 pays $8
    assert {label for pair in pays for label in pair} == {"1", "2", "4", "5", "6", "7", "8", "9"}
    shares = {first: sum(grid["base"] / pays[pair] for pair in pays if pair[0] == first) for first in prices}
    assert max(shares, key=shares.get) == "9"
    assert 1.3 < sum(shares.values()) < 1.45
