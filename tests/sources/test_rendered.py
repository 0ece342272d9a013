"""Boards in a real headless Chromium: what it reads, how it ends, and where it does not go."""

import datetime as dt
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from browsers import Watcher, need_browser, remaining
from crawling import PATIENT, ROOT, crawl, environment, write_config
from offline import SHIPPED
from raw_server import answer, serving
from scrapy.settings import BaseSettings

from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.simulator.faults import Faults, Rule
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.sources.rendered import HANDLER
from horses_scrapy.spiders.demo_js import DemoJsSpider

RUNNING_FOR = dt.timedelta(seconds=400)
"""How long the card has been open: a horse of race 1 is scratched, race 2 has a coupled entry."""
SETTLES_IN = 4


@contextmanager
def tote(*rules):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    plan = Plan(seed=7, start=now - RUNNING_FOR, timezone=daytime_zone(now))
    server = Server(Ledger(plan), Clock(), 0, log=None, rules=Faults(rules))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()
        server.server_close()


@pytest.fixture
def scratch():
    """A folder for temporary files, its path short: Chromium puts a socket there."""
    with tempfile.TemporaryDirectory(prefix="hs") as folder:
        yield folder


def run(home, server, *args, environ=None, **http):
    """The project as it is: all pipelines."""
    return crawl(
        home,
        "track_demo_js",
        f"date={server.ledger.plan.race_date}",
        *args,
        base_url=server.url,
        settings={},
        sections={"http": {**PATIENT, "retry_attempts": 0, **http}},
        environ=environ,
        timeout=120,
    )


def stored(home, query):
    with sqlite3.connect(f"file:{home / 'data/horses.db'}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def plain(value):
    return json.loads(
        json.dumps(asdict(value), default=lambda v: sorted(v) if isinstance(v, frozenset) else v.isoformat())
    )


def same_instant(text):
    return dt.datetime.fromisoformat(text)


def test_the_board_that_a_script_draws_is_the_ledgers(tmp_path):
    need_browser()
    with tote() as server:
        done = run(tmp_path, server)
    assert done.returncode == 0, done.stderr
    boards = done.of("prices")
    assert boards, done.stderr
    assert [board["race_number"] for board in boards] == [1, 2, 3]
    for board in boards:
        entry = server.ledger.race(board["race_number"])
        truth = plain(Witness(server.ledger, SHIPPED.tracks["demo_js"], same_instant(board["source_time"])).odds(entry))
        assert {field: board[field] for field in ("prices", "pools")} == {
            field: truth[field] for field in ("prices", "pools")
        }
        assert [grid["prices"] for grid in board["grids"]] == [grid["prices"] for grid in truth["grids"]]
        assert len(board["grids"]) == 1
    assert [price["status"] for price in boards[0]["prices"]].count("scratched") == 1
    entries = [len(race["entries"]) for race in done.of("post_time") if race["entries"]]
    assert entries == [len(entry.race.runners) for entry in server.ledger.races.values()]
    assert stored(tmp_path, "SELECT outcome, boards FROM crawl_run") == [("ok", 3)]
    assert stored(tmp_path, "SELECT count(*) FROM exacta_probable") == [
        (sum(len(grid["prices"]) for board in boards for grid in board["grids"]),)
    ]


def test_a_page_that_never_settles_times_out_alone_and_leaves_no_process(tmp_path, scratch):
    """The race after it is read; browser and driver are gone with their files."""
    need_browser()
    with tote(Rule(path="/api/*/2", kind="timeout", seconds=120)) as server, Watcher(scratch) as watcher:
        done = run(tmp_path, server, "race=2,3", environ={"TMPDIR": scratch}, timeout=SETTLES_IN)
    assert done.returncode == 4, done.stderr
    ((outcome, reason, boards),) = stored(tmp_path, "SELECT outcome, reason, boards FROM crawl_run")
    assert (outcome, boards) == ("timeout", 1)
    assert f"/js/{server.ledger.plan.race_date}/2 did not settle in {SETTLES_IN} s" in reason
    assert [board["race_number"] for board in done.of("prices")] == [3]
    assert "Traceback" not in done.stderr
    assert any("node" in name for name in watcher.seen), watcher.seen
    assert any("chrom" in name for name in watcher.seen), watcher.seen
    assert remaining(scratch) == set()
    assert list(Path(scratch).iterdir()) == []


def page(body):
    return answer(200, f"<!DOCTYPE html><html><body>{body}</body></html>".encode(), Content_Type="text/html")


def strays(elsewhere):
    return page(f"""<img src="/logo.png"><iframe src="{elsewhere}/frame"></iframe><script>
      window.open("{elsewhere}/popup");
      const tries = ["/away", "{elsewhere}/data", "http://elsewhere.test/data", "/fine"].map((url) => fetch(url));
      Promise.allSettled(tries).then((ended) => {{
        const main = document.createElement("main");
        main.append(ended.map((one) => one.status).join(" "));
        document.body.append(main);
      }});
    </script>""")


def test_a_page_stays_on_the_tracks_host_whatever_it_tries(tmp_path):
    need_browser()
    with serving({"/evil": [page("<main>evil</main>")]}) as elsewhere, serving({}) as server:
        server.routes |= {
            "/robots.txt": [answer(200, b"User-agent: *\nDisallow: /private\n", Content_Type="text/plain")],
            "/strays": [strays(elsewhere.url)],
            "/away": [answer(302, Location=f"{elsewhere.url}/evil")],
            "/fine": [answer(200, b"{}")],
            "/redirect": [answer(302, Location=f"{elsewhere.url}/evil")],
            "/jump": [page(f"<script>location = '{elsewhere.url}/evil'</script>")],
            "/closed": [page("<script>fetch('/api')</script>")],
            "/api": [answer(403)],
            "/forbidden": [answer(403, b"<p>no", Content_Type="text/html")],
            "/private": [page("<main>private</main>")],
            "/login": [page("<form><input type=password></form>")],
            "/last": [page("<main>still here</main>")],
        }
        pages = ["/strays", "/redirect", "/jump", "/closed", "/forbidden", "/private", "/login", "/last"]
        config = write_config(tmp_path, server.url, sections={"http": {**PATIENT, "timeout": 2, "blocked_wait": 0.001}})
        probe = str(Path(__file__).with_name("rendered_probe.py"))
        command = [sys.executable, "-W", "error", probe, str(tmp_path / "out"), *(server.url + path for path in pages)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(config), capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out").read_text("utf-8"))
    came = {path: found[server.url + path] for path in pages}
    assert elsewhere.asked == []
    assert came["/strays"] == ["came", "rejected rejected rejected fulfilled"]
    assert f"Refused: {elsewhere.url}/data is not on" in done.stderr
    for path in ("/redirect", "/jump"):
        assert came[path][0] == "Blocked"
        assert f"redirects: {elsewhere.url}/evil is not on" in came[path][1]
    assert came["/closed"] == ["Blocked", f"HTTP 403 from {server.url}/api"]
    assert came["/forbidden"] == ["Blocked", f"HTTP 403 from {server.url}/forbidden"]
    assert came["/private"][0] == "IgnoreRequest"
    assert came["/login"] == ["came", ""]
    assert came["/last"] == ["came", "still here"]
    assert not {"/private", "/logo.png"} & set(server.paths())
    assert {head.lower().count("user-agent: horses_scrapy/") for head in server.heads} == {1}


# --- Without a browser -------------------------------------------------------------------------------------------------


def test_without_a_chromium_the_run_is_skipped_and_says_what_to_install(tmp_path):
    with tote() as server:
        done = run(tmp_path, server, environ={"PLAYWRIGHT_CHROMIUM": "/nowhere/chromium"})
    assert done.returncode == 0, done.stderr
    ((outcome, reason),) = stored(tmp_path, "SELECT outcome, reason FROM crawl_run")
    assert outcome == "skipped"
    assert "PLAYWRIGHT_CHROMIUM names /nowhere/chromium, which is no program; install the package chromium" in reason
    assert done.items == []


LOADED = """
import json, sys
from scrapy.crawler import Crawler
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
loader = SpiderLoader.from_settings(settings)
mapped = {}
for name in loader.list():
    handlers = Crawler(loader.load(name), settings).settings.getdict("DOWNLOAD_HANDLERS")
    mapped[name] = sorted(scheme for scheme, path in handlers.items() if path == sys.argv[1])
print(json.dumps([mapped, sorted(name for name in sys.modules if "playwright" in name)]))
"""


def test_only_a_spider_that_needs_a_browser_maps_its_handler_and_none_loads_playwright_before(tmp_path):
    config = write_config(tmp_path, "http://127.0.0.1:1")
    command = [sys.executable, "-c", LOADED, HANDLER]
    told = environment(config, {"PLAYWRIGHT_CHROMIUM": sys.executable})
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=True)
    mapped, loaded = json.loads(done.stdout)
    assert {name: schemes for name, schemes in mapped.items() if schemes} == {"track_demo_js": ["http"]}
    assert "track_demo" in mapped
    assert loaded == []


def mapped_for(base_url, **more):
    track = SHIPPED.tracks["demo_js"].model_copy(update={"base_url": base_url})
    settings = BaseSettings({"HORSES": SHIPPED.model_copy(update={"tracks": {"demo_js": track}})})
    settings.setdict({"USER_AGENT": "tests", "DOWNLOAD_HANDLERS": {"ftp": None}, **more})
    DemoJsSpider.update_settings(settings)
    return settings


def test_the_handler_is_mapped_for_the_scheme_of_the_track_only(monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_CHROMIUM", sys.executable)
    settings = mapped_for("https://board.test")
    assert settings.getdict("DOWNLOAD_HANDLERS") == {"ftp": None, "https": HANDLER}
    assert settings["PLAYWRIGHT_LAUNCH_OPTIONS"]["executable_path"] == sys.executable
    assert settings["PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT"] == SHIPPED.http.timeout * 1000


def test_a_shell_starts_no_browser(monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_CHROMIUM", sys.executable)
    assert mapped_for("https://board.test", STATE_FILES=False).getdict("DOWNLOAD_HANDLERS") == {"ftp": None}


def test_without_a_chromium_no_handler_is_mapped(monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_CHROMIUM", "/nowhere/chromium")
    assert mapped_for("https://board.test").getdict("DOWNLOAD_HANDLERS") == {"ftp": None}
