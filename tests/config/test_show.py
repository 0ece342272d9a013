"""config.py: each value with its origin, no secret, and all faults of all files."""

import os

import pytest

from horses_scrapy.config.floors import floor_warnings
from horses_scrapy.config.load import load_told
from horses_scrapy.config.show import lines
from horses_scrapy.config.variables import variables
from horses_scrapy.errors import ConfigError
from horses_scrapy.upkeep import configuration

TRACKS = """\
sources:
  public:
    base_url: https://public.example
    floor: 5
  own:
    base_url: http://127.0.0.1:1
    access: own
    floor: 10
tracks:
  slow: {code: SLW, name: Slow, country: US, timezone: UTC, source: public, source_key: S, currency: USD}
  quick:
    code: QCK
    name: Quick
    country: US
    timezone: UTC
    source: public
    source_key: Q
    currency: USD
    cadence: {near_post_interval: 15, last_minutes_interval: 30}
  mine:
    code: MIN
    name: Mine
    country: US
    timezone: UTC
    source: own
    source_key: M
    currency: USD
    cadence: {near_post_interval: 10, off_interval: 5}
"""


@pytest.fixture
def shown(house):
    def _shown(text="", *, section=None, origin=True, **given):
        house.load(text, tracks=TRACKS, **given)
        told = load_told(house.config_file, environ=given.get("environ") or {}, flags=given.get("flags"))
        found = lines(told, origin=origin, section=section)
        return {line.split(" = ")[0]: " ".join(line.split(" = ", 1)[1].split()) for line in found}

    return _shown


def test_every_layer_is_named(shown):
    found = shown(
        "smtp:\n  host: mail.example\n  port: 25\nscraping: {card_times: ['05:00']}\n",
        env="# mine\nHORSES_SMTP__PORT=26\nSMTP_PASSWORD=planted\n",
        environ={"HORSES_UPDATES__DAILY_DATA__CRON": "1 2 3 4 5", "HORSES_TRACKS__QUICK__ENABLED": "false"},
        flags={("logging", "level"): "DEBUG"},
    )
    assert {
        "smtp.host": "mail.example config/config.yaml:2",
        "smtp.port": "26 .env:2",
        "smtp.password": "*** .env:3",
        "smtp.security": "starttls default",
        "smtp.username": '"" default',
        "scraping.card_times": '["05:00"] config/config.yaml:4',
        "logging.level": "DEBUG command line",
        "updates.daily_data.cron": "1 2 3 4 5 HORSES_UPDATES__DAILY_DATA__CRON",
        "updates.daily_data.enabled": "true default",
        "sources.public.floor": "5 config/tracks.yaml:4",
        "tracks.quick.enabled": "false HORSES_TRACKS__QUICK__ENABLED",
        "tracks.quick.cadence.near_post_interval": "15 -> 30 (floor of a public host) config/tracks.yaml:19",
        "tracks.quick.cadence.last_minutes_interval": "30 config/tracks.yaml:19",
        "tracks.slow.base_url": "https://public.example config/tracks.yaml:3",
        "tracks.slow.page": "null default",
        "tracks.slow.cadence.off_interval": "15 -> 30 (floor of a public host) default",
        "tracks.mine.cadence.near_post_interval": "10 config/tracks.yaml:28",
        "tracks.mine.cadence.off_interval": "5 -> 10 (floor of source own) config/tracks.yaml:28",
    }.items() <= found.items()
    assert "planted" not in str(found)


def test_a_section_is_shown_alone_and_an_unknown_one_gets_the_nearest_name(shown):
    assert {name.split(".")[0] for name in shown(section="smtp")} == {"smtp"}
    assert {name.split(".")[1] for name in shown(section="tracks.quick", origin=False)} == {"quick"}
    with pytest.raises(ConfigError, match="no key begins with smpt; did you mean smtp"):
        shown(section="smpt")


@pytest.mark.parametrize(
    ("told", "warned"),
    [
        ({}, ["quick: raised to 30 s, the floor of a public host: near_post_interval 15 s",
              "mine: raised to 10 s, the floor of source own: off_interval 5 s"]),
        ({"HORSES_SCRAPING__DEFAULT_INTERVAL": "5", "HORSES_TRACKS__MINE__ENABLED": "false"},
         ["slow: raised to 30 s, the floor of a public host: default_interval 5 s",
          "quick: raised to 30 s, the floor of a public host: default_interval 5 s, near_post_interval 15 s"]),
        ({"HORSES_TRACKS__QUICK__CADENCE__NEAR_POST_INTERVAL": "30", "HORSES_SOURCES__OWN__FLOOR": "1"}, []),
    ],
)  # fmt: skip
def test_a_floor_that_raises_what_somebody_asked_for_is_told_once_for_each_track(house, told, warned):
    settings = house.load(tracks=TRACKS, environ=told)
    assert floor_warnings(settings) == warned
    assert settings.cadence("quick").near_post_interval == 30


def test_check_prints_the_faults_of_all_files(house, capsys, monkeypatch):
    for name in [name for name in os.environ if name in variables() or name.startswith("HORSES_")]:
        monkeypatch.delenv(name)
    house.load(tracks=TRACKS)
    rules = house.config_file.with_name("alerts.yaml")
    rules.write_text("rules: []\n", encoding="utf-8")
    assert configuration.check(str(house.config_file), {}) == 0
    rules.write_text("rulez: []\n", encoding="utf-8")
    house.tracks_file.write_text(TRACKS.replace("code: MIN", "cdoe: MIN"), encoding="utf-8")
    assert configuration.check(str(house.config_file), {}) == 2
    house.config_file.write_text("smtp: {prot: 1}\nlogs: {}\n", encoding="utf-8")
    assert configuration.check(str(house.config_file), {}) == 2
    printed = capsys.readouterr().out.replace(f"{house.root}/", "")
    for line in (
        "The configuration is sound",
        "error: config/tracks.yaml:21: tracks.mine.cdoe: unknown key; did you mean code?",
        "error: config/alerts.yaml:1: rulez: unknown key; did you mean rules?",
        "error: config/config.yaml:1: smtp.prot: unknown key; did you mean port?",
        "error: config/config.yaml:2: logs: unknown key",
    ):
        assert line in printed
