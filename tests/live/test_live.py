"""Real sites, as configured. Never run by a script here: `HORSES_LIVE_TRACKS=vincennes ./scripts/test -m live tests/live`.

Each named track is crawled once, politely, into a database of its own. Read a site's terms before you name its track.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from crawling import ROOT

TRACKS = [key for key in os.environ.get("HORSES_LIVE_TRACKS", "").split(",") if key]
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not TRACKS, reason="HORSES_LIVE_TRACKS names no track of config/tracks.yaml"),
]


@pytest.mark.parametrize("key", TRACKS)
def test_a_track_is_read(key: str, tmp_path: Path) -> None:
    database = tmp_path / "live.db"
    environment = {name: value for name, value in os.environ.items() if name != "HORSES_LIVE_TRACKS"}
    environment |= {"DB_PATH": str(database), "HORSES_SYSTEM__STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "scrapy", "crawl", f"track_{key}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with sqlite3.connect(database) as connection:
        (run,) = connection.execute("SELECT outcome, boards, degraded, rejected, reason FROM crawl_run").fetchall()
        flags = {flag for (flag,) in connection.execute("SELECT flags FROM board WHERE flags <> ''")}
    outcome, boards, degraded, rejected, reason = run
    assert outcome in {"ok", "no_card"}, reason
    assert (degraded, rejected) == (0, 0)
    assert boards > 0 or outcome == "no_card", "a card without a board"
    assert not flags, f"flagged boards: {flags}"
