"""config/tracks.yaml: a broken block stops its own tracks, by file and key, and no other."""

import datetime as dt

import pytest
import yaml

TRACKS = """\
sources:
  demo:
    base_url: http://127.0.0.1:8321/
  other:
    base_url: https://other.example
    headers: {From: me@example.com}
tracks:
  demo:
    code: DMO
    name: Synthetic Downs
    country: US
    timezone: America/New_York
    source: demo
    source_key: DMO
    currency: USD
  elsewhere:
    code: ELS
    name: Elsewhere Park
    country: NZ
    timezone: Pacific/Auckland
    source: other
    source_key: Elsewhere
    currency: NZD
    enabled: false
"""


def replaced(old, new):
    assert TRACKS.count(old) == 1
    return TRACKS.replace(old, new)


@pytest.fixture
def faults(house):
    def _faults(tracks):
        return [fault.removeprefix(f"{house.root}/") for fault in house.load(tracks=tracks).track_faults]

    return _faults


def test_a_track_has_its_sources_base_url_or_its_own(house):
    settings = house.load(tracks=TRACKS)
    assert settings.track_faults == ()
    assert settings.tracks["demo"].base_url == "http://127.0.0.1:8321"
    assert settings.sources["other"].headers == {"From": "me@example.com"}
    own = house.load(tracks=replaced("    code: DMO", "    base_url: http://127.0.0.1:9\n    code: DMO"))
    assert own.tracks["demo"].base_url == "http://127.0.0.1:9"


def test_only_enabled_tracks_are_watched(house):
    settings = house.load(tracks=TRACKS)
    assert list(settings.tracks) == ["demo", "elsewhere"]
    assert list(settings.enabled_tracks) == ["demo"]


@pytest.mark.parametrize(("text", "every"), [("full", 1), ("'off'", 0), ("every 5", 5), ("every 99", 99)])
def test_how_many_grids_a_track_keeps(house, text, every):
    settings = house.load(tracks=replaced("enabled: false", f"pair_prices: {text}"))
    assert (settings.tracks["elsewhere"].pair_prices, settings.tracks["demo"].pair_prices) == (every, 1)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("code: ELS", "cdoe: ELS", "config/tracks.yaml:17: tracks.elsewhere.cdoe: unknown key; did you mean code?"),
        ("    code: ELS\n", "", "config/tracks.yaml:16: tracks.elsewhere.code: Field required"),
        ("code: ELS", "code: els", "config/tracks.yaml:17: tracks.elsewhere.code: String should match pattern"),
        ("code: ELS", "code: NO", "config/tracks.yaml:17: tracks.elsewhere.code: yes, no, on, off, true and false are not text"),
        ("code: ELS", "code: 123", "config/tracks.yaml:17: tracks.elsewhere.code: Input should be a valid string (given: 123); put quotes"),
        ("country: NZ", "country: nz", "config/tracks.yaml:19: tracks.elsewhere.country: "),
        ("currency: NZD", "currency: dollars", "config/tracks.yaml:23: tracks.elsewhere.currency: "),
        ("Pacific/Auckland", "Pacific/Oakland", "config/tracks.yaml:20: tracks.elsewhere.timezone: no such IANA time zone: Pacific/Oakland"),
        ("Pacific/Auckland", "../../etc/passwd", "config/tracks.yaml:20: tracks.elsewhere.timezone: no such IANA time zone"),
        ("Pacific/Auckland", "''", "config/tracks.yaml:20: tracks.elsewhere.timezone: "),
        ("Pacific/Auckland", "America", "config/tracks.yaml:20: tracks.elsewhere.timezone: "),
        ("source: other", "source: otter", "config/tracks.yaml:21: tracks.elsewhere.source: 'otter' has no sound block under sources"),
        ("    source: other\n", "", "config/tracks.yaml:16: tracks.elsewhere.source: Field required"),
        ("enabled: false", "enabled: maybe", "config/tracks.yaml:24: tracks.elsewhere.enabled: "),
        ("enabled: false", "min_runners: .nan", "config/tracks.yaml:24: tracks.elsewhere.min_runners: "),
        ("enabled: false", "min_runners: 0", "config/tracks.yaml:24: tracks.elsewhere.min_runners: "),
        ("enabled: false", "pair_prices: some", "config/tracks.yaml:24: tracks.elsewhere.pair_prices: full, off or every N (2 to 99) is expected"),
        ("enabled: false", "pair_prices: off", "config/tracks.yaml:24: tracks.elsewhere.pair_prices: yes, no, on, off, true and false are not text"),
        ("enabled: false", "pair_prices: every 1", "config/tracks.yaml:24: tracks.elsewhere.pair_prices: full, off or every N"),
        ("enabled: false", "pair_prices: 3", "config/tracks.yaml:24: tracks.elsewhere.pair_prices: full, off or every N"),
        ("enabled: false", "page: ftp://x", "config/tracks.yaml:24: tracks.elsewhere.page: an http or https URL is expected"),
        ("enabled: false", "base_url: 'https://'", "config/tracks.yaml:24: tracks.elsewhere.base_url: an http or https URL"),
        ("enabled: false", "key: elsewhere", "config/tracks.yaml:24: tracks.elsewhere.key: the name of the block is the key"),
        ("enabled: false", "1: 2", "config/tracks.yaml:16: tracks.elsewhere.1: Keys should be strings"),
        ("  elsewhere:", "  Else-where:", "config/tracks.yaml:16: tracks.Else-where.key: String should match pattern"),
        ("name: Elsewhere Park", "name: Synthetic Downs", "config/tracks.yaml:18: tracks.elsewhere.name: 'Synthetic Downs' is already that of demo"),
        ("code: ELS", "code: DMO", "config/tracks.yaml:17: tracks.elsewhere.code: 'DMO' is already that of demo"),
    ],
)  # fmt: skip
def test_a_broken_track_block_disables_that_track_only(house, faults, old, new, fault):
    tracks = replaced(old, new)
    found = faults(tracks)
    assert [line for line in found if line.startswith(fault)]
    assert not [line for line in found if "tracks.demo" in line]
    assert list(house.load(tracks=tracks).tracks) == ["demo"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("base_url: https://other.example", "base_urll: https://other.example", "config/tracks.yaml:5: sources.other.base_urll: unknown key; did you mean base_url?"),
        ("base_url: https://other.example", "base_url: other.example", "config/tracks.yaml:5: sources.other.base_url: an http or https URL is expected"),
        ("{From: me@example.com}", '{From: "a\\r\\nCookie: x"}', "config/tracks.yaml:6: sources.other.headers.From: line breaks"),
        ("{From: me@example.com}", '{"Fr om": x}', "config/tracks.yaml:6: sources.other.headers.Fr om.[key]: String should match"),
        ("{From: me@example.com}", "{}\n    validation: {min_price: 2, max_price: 1.5}", "config/tracks.yaml:7: sources.other.validation: min_price is above max_price"),
        ("{From: me@example.com}", "{}\n    validation: {max_prise: 1.5}", "config/tracks.yaml:7: sources.other.validation.max_prise: unknown key; did you mean max_price?"),
        ("{From: me@example.com}", "{}\n    validation: {max_price: .inf}", "config/tracks.yaml:7: sources.other.validation.max_price: Input should be a finite number"),
    ],
)  # fmt: skip
def test_a_broken_source_block_disables_its_tracks_only(house, faults, old, new, fault):
    tracks = replaced(old, new)
    first, second = faults(tracks)
    assert first.startswith(fault)
    assert second.endswith("tracks.elsewhere.source: 'other' has no sound block under sources")
    settings = house.load(tracks=tracks)
    assert list(settings.tracks) == list(settings.sources) == ["demo"]


def test_a_source_without_bounds_has_the_documented_ones(house):
    found = house.load(tracks=TRACKS).sources["demo"].validation
    assert (found.min_price, found.max_price, found.max_post_age_days) == (1.01, 1000, 30)


@pytest.mark.parametrize(
    ("section", "key", "allowed", "refused"),
    [
        ("validation", "min_price", [1], [0.99]),
        ("validation", "max_price", [1_000_000], [1_000_001]),
        ("validation", "max_post_age_days", [0, 36_500], [-1, 36_501]),
        ("track", "name", ["x", "x" * 60], ["", "x" * 61]),
        ("track", "code", ["AB", "ABCDE"], ["A", "ABCDEF"]),
        ("track", "max_runners", [1, 40], [0, 41]),
    ],
)
def test_the_bounds_of_a_block_are_inclusive(house, section, key, allowed, refused):
    for value in [*allowed, *refused]:
        blocks = yaml.safe_load(TRACKS)
        source, track = blocks["sources"]["other"], blocks["tracks"]["elsewhere"]
        (track if section == "track" else source.setdefault("validation", {}))[key] = value
        settings = house.load(tracks=yaml.safe_dump(blocks))
        assert ("elsewhere" in settings.tracks) is (value in allowed), value


@pytest.mark.parametrize(
    ("tracks", "begins"),
    [
        ("", []),
        ("sources:\ntracks:\n", []),
        ("tracks: []", ["config/tracks.yaml:1: tracks: a mapping of blocks is expected"]),
        ("sources: 0", ["config/tracks.yaml:1: sources: a mapping of blocks is expected"]),
        ("tracks:\n  demo:\n", ["config/tracks.yaml:2: tracks.demo: a mapping is expected"]),
        ("trakcs: {}", ["config/tracks.yaml:1: trakcs: unknown key; did you mean tracks?"]),
        ("1: {}", ["config/tracks.yaml:1: 1: unknown key; known: sources, tracks"]),
    ],
)
def test_a_file_without_sound_blocks_watches_nothing_and_says_why(house, faults, tracks, begins):
    found = faults(tracks)
    assert len(found) == len(begins)
    assert all(line.startswith(begin) for line, begin in zip(found, begins, strict=True))
    assert house.load(tracks=tracks).tracks == {}


def test_all_faults_of_all_blocks_are_kept(faults):
    broken = (
        TRACKS.replace("country: US", "country: usa")
        .replace("currency: NZD", "currency: 5")
        .replace("code: ELS", "code: e")
    )
    assert [fault.split(": ")[1] for fault in faults(broken)] == [
        "tracks.demo.country",
        "tracks.elsewhere.code",
        "tracks.elsewhere.currency",
    ]


def test_credentials_in_a_url_are_refused_and_not_repeated(faults):
    for old, new in (
        ("https://other.example", "https://me:planted@other.example"),
        ("enabled: false", "page: https://planted@x.example"),
    ):
        found = faults(replaced(old, new))
        assert "credentials do not belong in a URL" in found[0]
        assert "planted" not in "".join(found)


AUTH = "{From: me@example.com}\n    auth: {app_key: OTHER_APP_KEY, user: OTHER_USER, certificates: certs/other}"


def test_what_auth_names_comes_from_the_environment_or_from_env_file(house):
    found = house.load(
        tracks=TRACKS.replace("{From: me@example.com}", AUTH),
        env="OTHER_APP_KEY=from-the-file\nOTHER_USER=from-the-file\nELSE=x\n",
        environ={"OTHER_USER": "from-outside", "HOME": "/nowhere"},
    )
    assert {name: value.get_secret_value() for name, value in found.credentials.items()} == {
        "OTHER_APP_KEY": "from-the-file",
        "OTHER_USER": "from-outside",
    }
    assert "from-" not in repr(found)


def test_options_and_pools_of_a_source_hold_for_its_tracks_which_may_have_their_own(house):
    pools = "pools: {win: [{since: 2020-01-01, takeout: 0.16, breakage: 0.1, minimum: 1.05, origin: here}]}"
    source = f"{{From: me@example.com}}\n    options: {{a: '1', b: '2'}}\n    {pools}"
    tracks = TRACKS.replace("{From: me@example.com}", source).replace("enabled: false", "options: {b: '3'}")
    track = house.load(tracks=tracks).tracks["elsewhere"]
    assert track.options == {"a": "1", "b": "3"}
    day = dt.date(2020, 1, 1)
    assert track.terms("win", day).takeout == 0.16
    assert track.terms("win", day - dt.timedelta(days=1)) is None
    assert track.terms("exacta", day) is None


@pytest.mark.parametrize(
    ("pools", "fault"),
    [
        ("{win: [{since: 2020-01-01, takeout: 16, breakage: 0.1, minimum: 1.05, origin: x}]}", "pools.win.0.takeout"),
        ("{win: [{since: soon, takeout: 0.16, breakage: 0.1, minimum: 1.05, origin: x}]}", "pools.win.0.since"),
        ("{win: [{since: 2020-01-01, takeout: 0.16, breakage: 0.1, minimum: 1.05}]}", "pools.win.0.origin"),
        ("{trifekta: []}", "pools.trifekta"),
    ],
)
def test_terms_of_a_pool_are_checked(house, pools, fault):
    found = house.load(tracks=TRACKS.replace("enabled: false", f"pools: {pools}")).track_faults
    assert any(fault in line for line in found)
    assert not any("demo" in line for line in found)


def test_a_source_that_is_not_enabled_watches_none_of_its_tracks(house):
    tracks = TRACKS.replace("base_url: http://127.0.0.1:8321/", "base_url: http://127.0.0.1:8321/\n    enabled: false")
    found = house.load(tracks=tracks)
    assert list(found.enabled_tracks) == []
    assert list(found.tracks) == ["demo", "elsewhere"]


@pytest.mark.parametrize("place", ["env", "environ"])
@pytest.mark.parametrize(
    ("name", "value", "find", "expected"),
    [
        ("HORSES_TRACKS__ELSEWHERE__ENABLED", "true", lambda told: told.tracks["elsewhere"].enabled, True),
        ("HORSES_TRACKS__DEMO__CODE", "DMX", lambda told: told.tracks["demo"].code, "DMX"),
        ("HORSES_TRACKS__DEMO__CADENCE__OFF_INTERVAL", "45", lambda told: told.cadence("demo").off_interval, 45),
        ("HORSES_TRACKS__DEMO__PAIR_PRICES", "every 3", lambda told: told.tracks["demo"].pair_prices, 3),
        ("HORSES_TRACKS__DEMO__OPTIONS__A_B", "c", lambda told: told.tracks["demo"].options, {"a_b": "c"}),
        ("HORSES_SOURCES__OTHER__FLOOR", "90", lambda told: told.sources["other"].floor, 90),
        ("HORSES_SOURCES__OTHER__RATE_LIMIT__BURST", "4", lambda told: told.rate_limit("other").burst, 4),
        ("HORSES_SOURCES__OTHER__VALIDATION__MAX_PRICE", "9", lambda told: told.sources["other"].validation.max_price, 9),
        ("HORSES_SOURCES__OTHER__HEADERS", "{From: you@example.com}", lambda told: told.sources["other"].headers, {"From": "you@example.com"}),
    ],
)  # fmt: skip
def test_every_key_of_a_block_has_its_variable(house, place, name, value, find, expected):
    given = {"env": f"{name}='{value}'\n"} if place == "env" else {"environ": {name: value}}
    assert find(house.load(tracks=TRACKS)) != expected
    told = house.load(tracks=TRACKS, **given)
    assert told.track_faults == ()
    assert find(told) == expected


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("HORSES_TRACKS__DEMO__ENABLD", "1", "HORSES_TRACKS__DEMO__ENABLD: tracks.demo.enabld: unknown key; did you mean enabled?"),
        ("HORSES_TRACKS__DEMO__COUNTRY", "us", "HORSES_TRACKS__DEMO__COUNTRY: tracks.demo.country: String should match"),
        ("HORSES_TRACKS__DEMO__CADENCE__NEAR_POST_INTERVALL", "1", "HORSES_TRACKS__DEMO__CADENCE__NEAR_POST_INTERVALL: tracks.demo.cadence.near_post_intervall: unknown key; did you mean near_post_interval?"),
        ("HORSES_SOURCES__DEMO__FLOOR", "0", "HORSES_SOURCES__DEMO__FLOOR: sources.demo.floor: Input should be greater than or equal to 1"),
    ],
)  # fmt: skip
def test_a_fault_of_a_variable_is_the_tracks_and_names_the_variable(house, name, value, fault):
    told = house.load(tracks=TRACKS, environ={name: value})
    assert told.track_faults[0].startswith(fault)
    assert list(told.tracks) == ["elsewhere"]


@pytest.mark.parametrize(
    ("cadence", "fault"),
    [
        (
            "{near_post_intervall: 15}",
            "tracks.demo.cadence.near_post_intervall: unknown key; did you mean near_post_interval?",
        ),
        ("{off_interval: 0}", "tracks.demo.cadence.off_interval: Input should be greater than or equal to 1"),
        ("{far_threshold: 60}", "tracks.demo.cadence: last_minutes_threshold <= near_post_threshold <= far_threshold"),
    ],
)
def test_a_cadence_is_checked_key_by_key(faults, cadence, fault):
    (found,) = faults(replaced("source_key: DMO", f"source_key: DMO\n    cadence: {cadence}"))
    assert found.startswith(f"config/tracks.yaml:15: {fault}")


def test_lines_are_only_counted_for_a_message(house, monkeypatch):
    def never(*_):
        pytest.fail("counted")

    monkeypatch.setattr("horses_scrapy.config.yaml_text.lines", never)
    assert house.load(tracks=TRACKS).track_faults == ()
