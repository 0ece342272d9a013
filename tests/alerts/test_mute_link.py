"""The token of a mute link, and how long it may be used."""

import datetime as dt

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from pydantic import SecretStr

from alerts.mute_link import ForeignToken, Links, Muting, day_over, read_token, token_of
from horses_scrapy.clock import from_ms
from horses_scrapy.config.model import Api

KEY = SecretStr("a key of twenty characters")
MUTING = Muting(12, "1A", "you@example.com", 1_777_780_800_000)


def test_a_token_says_what_it_was_made_of_and_is_always_the_same():
    assert read_token(token_of(MUTING, KEY), KEY) == MUTING
    whole = Muting(12, None, "you@example.com", 1)
    assert read_token(token_of(whole, KEY), KEY) == whole
    assert token_of(MUTING, KEY) == token_of(MUTING, KEY)


def changed(token: str, at: int) -> str:
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "x", "a.b.c", "\0", "ä", token_of(MUTING, SecretStr("another key of ours, as long")),
        changed(token_of(MUTING, KEY), 0), changed(token_of(MUTING, KEY), 20), changed(token_of(MUTING, KEY), -5),
        token_of(MUTING, KEY).partition(".")[0], token_of(MUTING, KEY)[:-1],
    ],
)  # fmt: skip
def test_a_token_that_is_not_ours_is_refused(token):
    with pytest.raises(ForeignToken):
        read_token(token, KEY)


def test_a_session_s_or_another_version_s_token_is_refused():
    """Signed by the same key, but for something else."""
    told = [12, None, "you@example.com", 1]
    for made in (
        URLSafeTimedSerializer(KEY.get_secret_value(), "mute"),
        URLSafeSerializer(KEY.get_secret_value(), "x"),
    ):
        with pytest.raises(ForeignToken):
            read_token(str(made.dumps(told)), KEY)


@pytest.mark.parametrize(
    ("race_date", "zone", "post", "over"),
    [
        ("2026-05-02", "America/New_York", "2026-05-02T21:00Z", "2026-05-03T04:00+00:00"),
        ("2026-05-02", "Australia/Sydney", None, "2026-05-02T14:00+00:00"),
        ("2026-11-01", "America/New_York", None, "2026-11-02T05:00+00:00"),  # a day of 25 hours
        ("2026-05-02", "America/New_York", "2026-05-03T03:50Z", "2026-05-03T04:35+00:00"),  # a night race
    ],
)
def test_a_race_day_ends_at_midnight_at_the_track_or_with_its_last_race(race_date, zone, post, over):

    at = None if post is None else round(dt.datetime.fromisoformat(post).timestamp() * 1000)
    assert from_ms(day_over(race_date, zone, at)).isoformat(timespec="minutes") == over


@pytest.mark.parametrize(
    ("api", "board", "mutes"),
    [
        ({}, False, False),
        ({"key": "k" * 20}, False, False),
        ({"public_url": "https://board.example/"}, True, False),
        ({"public_url": "https://board.example", "key": "k" * 20}, True, True),
        ({"public_url": "https://bönk.example", "key": "k" * 20}, False, False),
    ],
)
def test_mails_have_links_only_where_they_lead_somewhere(api, board, mutes):
    links = Links.of(Api.model_validate(api))
    assert (links is not None) is board
    if links is not None:
        assert links.race(12) == "https://board.example/races/12"
        assert (links.mute(MUTING) is not None) is mutes
