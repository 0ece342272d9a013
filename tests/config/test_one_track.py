"""A job reads its own track: the same settings, whatever the rest of the file says."""

import pytest

from horses_scrapy.config import load
from horses_scrapy.config.one_track import only

TRACKS = """\
# a comment
sources:
  one:
    base_url: http://127.0.0.1:1
    auth: {password: ONE_PASSWORD}

  two: {base_url: http://127.0.0.1:2, auth: {password: TWO_PASSWORD}}
tracks:
  first:                # watched
    code: ONE
    name: First Park

    country: US
    timezone: UTC
    source: one
    source_key: F
    currency: USD
    page: http://127.0.0.1/%s
  second: {code: TWO, name: Second, country: US, timezone: UTC, source: two, source_key: S, currency: USD}
"""
ENVIRON = {
    "ONE_PASSWORD": "x",
    "TWO_PASSWORD": "y",
    "HORSES_TRACKS__FIRST__MIN_RUNNERS": "3",
    "HORSES_TRACKS__SECOND__MIN_RUNNERS": "4",
    "HORSES_SOURCES__ONE__FLOOR": "77",
}


@pytest.mark.parametrize(("key", "source", "secret"), [("first", "one", "x"), ("second", "two", "y")])
def test_its_block_and_its_sources_are_as_in_the_whole(house, key, source, secret):
    whole = house.load(tracks=TRACKS, environ=ENVIRON)
    found = load(house.config_file, environ=ENVIRON, track=key)
    assert (list(found.tracks), list(found.sources)) == ([key], [source])
    assert (found.tracks[key], found.sources[source]) == (whole.tracks[key], whole.sources[source])
    assert [value.get_secret_value() for value in found.credentials.values()] == [secret]


def test_a_fault_has_the_line_that_it_has_in_the_file_and_those_of_others_do_not_stop_it(house):
    broken = TRACKS.replace("currency: USD\n    page", "currency: dollars\n    page").replace("code: TWO", "cdoe: TWO")
    house.load(tracks=broken)
    (fault,) = load(house.config_file, environ={}, track="first").track_faults
    assert fault.startswith(f"{house.tracks_file}:17: tracks.first.currency: ")
    house.tracks_file.write_text(TRACKS.replace("{code: TWO", "{code: [TWO"), encoding="utf-8")
    assert load(house.config_file, environ={}, track="first").track_faults == ()


@pytest.mark.parametrize(
    "tracks",
    [
        "{sources: {one: {base_url: http://127.0.0.1:1}}, tracks: {first: {code: ONE, name: A, country: US, timezone: UTC, source: one, source_key: F, currency: USD}}}",
        TRACKS.replace("\n  ", "\n      "),
        TRACKS.replace("first:  ", "'first':"),
        TRACKS.replace("\n", "\r\n"),
    ],
)
def test_another_layout_is_read_as_a_whole(house, tracks):
    whole = house.load(tracks=tracks)
    assert load(house.config_file, environ={}, track="first").tracks["first"] == whole.tracks["first"]


def test_a_track_that_is_not_there_is_not_there(house):
    house.load(tracks=TRACKS)
    assert sorted(load(house.config_file, environ={}, track="third").tracks) == ["first", "second"]


def test_lines_keep_their_numbers():
    text = only(TRACKS, {"tracks": "second"})
    assert text.count("\n") == TRACKS.count("\n")
    assert [line for line in text.split("\n") if line] == ["sources:", "tracks:", TRACKS.split("\n")[18]]


def test_secrets_that_a_crawl_does_not_need_are_not_fetched(house):
    environ = {"SMTP_PASSWORD_COMMAND": "false", "HORSES_DATABASE_URL_COMMAND": "echo sqlite:///x.db"}
    house.load(tracks=TRACKS)
    found = load(house.config_file, environ=environ, track="first")
    assert found.system.database_url.get_secret_value() == "sqlite:///x.db"
    assert found.smtp.password.get_secret_value() == ""
