"""`scrapy newtrack` and `scrapy rerun`, as processes, on a copy of the project."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from crawling import ROOT
from offline import SHIPPED

from horses_scrapy import config
from horses_scrapy.commands import newtrack
from horses_scrapy.errors import ConfigError

PARTS = ("horses_scrapy", "alerts", "config")
SOURCE = "tab_nz"
TEMPLATES = ("awapuni", "vincennes")


@pytest.fixture
def project(tmp_path):
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "scrapy.cfg", tmp_path)
    for template in TEMPLATES:
        saved = Path("tests/fixtures") / template / "one_race"
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


@pytest.fixture
def tried(project, monkeypatch):
    """The command without its process; what it is refused for."""
    monkeypatch.setattr(newtrack, "ROOT", project)
    settings = config.load(project / "config/config.yaml", environ={})
    parser = argparse.ArgumentParser()
    command = newtrack.Command()
    command.settings = {"HORSES": settings, "LOG_LEVEL": "INFO"}
    command.add_options(parser)

    def refused(*args):
        given, rest = parser.parse_known_args(args)
        with pytest.raises(ConfigError) as error:
            newtrack.write(newtrack.planned(settings, *rest, given))
        return str(error.value)

    return refused


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere", "Te Rapa"), "no source nowhere; there are demo"),
        ((SOURCE, "Awapuni"), "spiders/awapuni.py is there already"),
        ((SOURCE, "Awapuni", "--key", "other"), "tracks.other.code: 'AWA' is already that of awapuni"),
        ((SOURCE, "Te Rapa", "--timezone", "Pacific/Hamilton"), "no such IANA time zone: Pacific/Hamilton"),
        ((SOURCE, "Te Rapa", "--option", "fast"), "--option: NAME=VALUE is expected"),
        (("tvg", "Belterra Park"), "tvg: none of its tracks has a saved day"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(project, tried, args, said):
    before = files(project)
    assert said in tried(*args)
    assert files(project) == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("tvg", "--country is needed: the source's tracks have CA, US"),
        ("tab_au", "--timezone is needed: the source's tracks have Australia/Adelaide"),
    ],
)
def test_what_the_tracks_of_a_source_do_not_share_must_be_told(project, tried, source, said):
    first = next(track for track in SHIPPED.tracks.values() if track.source == source)
    (project / "tests/fixtures" / first.key / "one_race").mkdir(parents=True)
    assert said in tried(source, "Belterra Park")


def test_an_option_that_differs_must_be_told(project, tried):
    (project / "tests/fixtures/randwick/one_race").mkdir(parents=True)
    said = tried("tab_au", "Warwick Farm", "--timezone", "Australia/Sydney")
    assert said.startswith("--option is needed: the source's tracks differ in jurisdiction: NSW, QLD, SA, VIC")


def test_a_day_that_cannot_be_read_is_taken_back(project):
    before = files(project)
    done = scrapy(project, "newtrack", "pmu", "Vichy", "--timezone", "Pacific/Honolulu")
    assert done.returncode == 2
    assert "error: the saved day of vincennes does not become one of vichy" in done.stderr
    assert files(project) == before


def test_a_case_that_is_not_there_is_named(project):
    done = scrapy(project, "rerun", "awapuni", "nothing")
    assert done.returncode == 2
    assert "tests/fixtures/awapuni/nothing: no saved day" in done.stderr


def test_a_source_without_terms_of_its_own_gives_those_of_the_template(project):
    settings = config.load(project / "config/config.yaml", environ={})
    template = settings.tracks["gulfstream_park"]
    found = newtrack._pools(template)
    assert found["win"][0]["takeout"] == template.pools["win"][0].takeout
    assert {terms["origin"] for listed in found.values() for terms in listed} == {
        "unverified: taken over from gulfstream_park"
    }
