"""`scrapy newtrack` and `scrapy rerun`, as processes, on a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from crawling import ROOT

PARTS = ("horses_scrapy", "alerts", "config")
SOURCE = "tab_nz"
TEMPLATE = "awapuni"


@pytest.fixture
def project(tmp_path):
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "scrapy.cfg", tmp_path)
    saved = Path("tests/fixtures") / TEMPLATE / "one_race"
    shutil.copytree(ROOT / saved, tmp_path / saved)
    return tmp_path


def scrapy(project, *args):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HORSES_")}
    command = [sys.executable, "-m", "scrapy", *args]
    return subprocess.run(command, cwd=project, env=kept, capture_output=True, text=True, timeout=60, check=False)


def files(project):
    return {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_a_new_track_is_there_at_once_and_its_saved_day_is_read(project):
    done = scrapy(project, "newtrack", SOURCE, "Te Rapa")
    assert (done.returncode, done.stderr) == (0, "")
    assert "track_te_rapa" in scrapy(project, "list").stdout.split()
    spider = (project / "horses_scrapy/spiders/te_rapa.py").read_text()
    assert 'class TeRapaSpider(TabNzSpider):\n    name = "track_te_rapa"\n' in spider
    output = project / "tests/fixtures/te_rapa/one_race/output.json"
    assert '"track": "te_rapa"' in output.read_text()
    assert scrapy(project, "rerun", "te_rapa", "one_race").stdout == "te_rapa/one_race: unchanged\n"
    output.write_text(output.read_text().replace('"te_rapa"', '"tarapa"'))
    rerun = scrapy(project, "rerun", "te_rapa", "one_race").stdout
    assert '+   "track": "te_rapa",' in rerun
    assert rerun.endswith("te_rapa/one_race: written; review it before you commit it\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere", "Te Rapa"), "no source nowhere; there are demo"),
        ((SOURCE, "Awapuni"), "spiders/awapuni.py is there already"),
        ((SOURCE, "Awapuni", "--key", "other"), "tracks.other.code: 'AWA' is already that of awapuni"),
        ((SOURCE, "Te Rapa", "--timezone", "Pacific/Hamilton"), "no such IANA time zone: Pacific/Hamilton"),
        (("tvg", "Belterra Park"), "--country is needed: the source's tracks have CA, US"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(project, args, said):
    before = files(project)
    done = scrapy(project, "newtrack", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert files(project) == before


def test_a_case_that_is_not_there_is_named(project):
    done = scrapy(project, "rerun", "awapuni", "nothing")
    assert done.returncode == 2
    assert "tests/fixtures/awapuni/nothing: no saved day" in done.stderr
