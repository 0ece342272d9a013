"""Links of a mail that lead to the board, and those that mute a race, or a horse of it, for whom the mail is to.

A mute link's token is its authority: it is signed with API_KEY, and tells no more than what may be muted, and for whom.
"""

import datetime as dt
import hashlib
from dataclasses import astuple, dataclass
from typing import Self
from zoneinfo import ZoneInfo

from itsdangerous import BadData, URLSafeSerializer
from pydantic import SecretStr

from alerts.mail.view import link
from horses_scrapy.clock import to_ms
from horses_scrapy.config.model import Api
from horses_scrapy.errors import HorsesError

SALT = "mute"
AFTER_POST_MS = 45 * 60_000
"""When a race is over at the latest, as for an alert that waits (alerts/expiry.py)."""


class ForeignToken(HorsesError):
    """No key of ours signed it, or it was changed since."""


@dataclass(frozen=True, slots=True)
class Muting:
    """What a link may mute. program: label or program number of a horse, None for the whole race.

    not_after: epoch milliseconds; from then on the link is of no use.
    """

    race_id: int
    program: str | None
    recipient: str
    not_after: int


@dataclass(frozen=True, slots=True)
class Links:
    """Of the board that people reach at `board`; mute links only where it has a key."""

    board: str
    key: SecretStr

    @classmethod
    def of(cls, api: Api) -> Self | None:
        """None where mails lead to no board."""
        return cls(api.public_url, api.key) if link(api.public_url) else None

    def race(self, race_id: int) -> str:
        return f"{self.board}/races/{race_id}"

    def mute(self, muting: Muting) -> str | None:
        return f"{self.board}/mute/{token_of(muting, self.key)}" if self.key.get_secret_value() else None


def token_of(muting: Muting, key: SecretStr) -> str:
    """The same for the same muting: a mail's bytes do not depend on when it is made."""
    return str(_signer(key).dumps(astuple(muting)))


def read_token(token: str, key: SecretStr) -> Muting:
    """Raises ForeignToken. Whether its time is over is for the caller to ask."""
    try:
        told = _signer(key).loads(token)
    except BadData as error:
        raise ForeignToken("this link was not made here") from error
    match told:
        case [int(race_id), str() | None as program, str(recipient), int(not_after)]:
            return Muting(race_id, program, recipient, not_after)
    raise ForeignToken("this link was made by another version")


def race_over(post_time: int | None) -> int | None:
    return None if post_time is None else post_time + AFTER_POST_MS


def day_over(race_date: str, timezone: str, post_time: int | None) -> int:
    """The midnight that ends the race day at the track; later where the race itself is over later."""
    next_day = dt.date.fromisoformat(race_date) + dt.timedelta(days=1)
    midnight = to_ms(dt.datetime.combine(next_day, dt.time(), ZoneInfo(timezone)))
    return max(midnight, race_over(post_time) or midnight)


def _signer(key: SecretStr) -> URLSafeSerializer:
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key.get_secret_value(), salt=SALT, signer_kwargs=how)
