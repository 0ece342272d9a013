"""The project as an egg, uploaded to a scrapyd as shipped, in a folder of its own."""

import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import requests
from crawling import write_config
from node_home import PROJECT, Home, Starter, free_port, wait_until

ELSEWHERE = """
import os, sys
sys.path[:] = [path for path in sys.path if not os.path.isdir(os.path.join(path, "horses_scrapy"))]
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in getattr(one, "__module__", "")]
"""
"""The project is installed where tests run; only the egg must be left to import it from."""
CONF = """
[scrapyd]
username = horses
password = correct-horse
http_port = {port}
poll_interval = 0.2
"""


@pytest.fixture(scope="module")
def egg(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for name in ("horses_scrapy", "alerts"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("scrapy.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder)
    deploy = Path(sys.executable).with_name("scrapyd-deploy")
    subprocess.run([deploy, "--build-egg", "horses.egg"], cwd=folder, check=True, capture_output=True)
    return folder / "horses.egg"


@pytest.mark.slow
def test_it_holds_what_is_no_code(egg):
    with zipfile.ZipFile(egg) as held:
        names = held.namelist()
    packages = [("alerts", "templates"), ("horses_scrapy", "templates"), ("horses_scrapy", "reference/*.csv")]
    for package, pattern in packages:
        wanted = list((PROJECT / package).rglob(pattern))
        files = [file for path in wanted for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
        assert files
        assert {str(file.relative_to(PROJECT)) for file in files} <= set(names)
    versions = PROJECT / "horses_scrapy" / "storage" / "migrations" / "versions"
    assert {str(path.relative_to(PROJECT)) for path in versions.glob("*.py")} <= set(names)
    assert not [name for name in names if name.startswith(("config", "tests", "data", ".env"))]


@pytest.mark.slow
def test_a_job_from_the_egg_crawls(egg, tmp_path):
    place, port = Home(tmp_path / "home"), free_port()
    config = write_config(place.path, "http://127.0.0.1:9", sections={"http": {"retry_attempts": 0}})
    empty, code = tmp_path / "empty", tmp_path / "code"
    empty.mkdir()
    code.mkdir()
    (empty / "scrapyd.conf").write_text(CONF.format(port=port))
    (code / "sitecustomize.py").write_text(ELSEWHERE)
    database = tmp_path / "database" / "horses.db"
    told = {"HORSES_CONFIG": str(config), "DB_PATH": str(database), "PYTHONPATH": str(code)}
    start, ours = Starter(place), ("horses", "correct-horse")
    try:
        scrapyd = start("-m", "scrapyd", "--pidfile=", folder=empty, **told)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: requests.get(f"{url}/daemonstatus.json", auth=ours, timeout=5).ok)
        answer = requests.post(
            f"{url}/addversion.json", auth=ours, timeout=60, data={"project": "horses", "version": "1"},
            files={"egg": egg.read_bytes()},
        ).json()  # fmt: skip
        assert answer["status"] == "ok", answer
        assert answer["spiders"] > 40
        queued = {"project": "horses", "spider": "track_demo", "jobid": "demo-1"}
        assert requests.post(f"{url}/schedule.json", auth=ours, timeout=60, data=queued).json()["status"] == "ok"
        wait_until(lambda: "Process finished" in scrapyd.output or "Process died" in scrapyd.output, 60)
        log = (empty / "logs" / "horses" / "track_demo" / "demo-1.log").read_text()
        with closing(sqlite3.connect(database)) as found:
            rows = found.execute("SELECT job_id, outcome FROM crawl_run").fetchall()
        assert rows == [("demo-1", "unavailable")], log
    finally:
        start.end()
