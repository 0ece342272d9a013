"""The key, and the cookie that a browser has for it."""

import hashlib
import hmac
import secrets

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

COOKIE = "horses_session"
DAYS = 30
SALT = "session"
BEARER = "bearer"
MIN_LENGTH = 20
"""Of a key that stands against the network: guessing does not reach it."""


class Keys:
    """key: empty where none is asked for. Sessions hold as long as their key does: nothing is kept here."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._signer = TimestampSigner(key, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256)

    @property
    def asked(self) -> bool:
        return bool(self._key)

    def opens(self, given: bytes) -> bool:
        """In the same time, whatever was given."""
        return self.asked and hmac.compare_digest(given, self._key)

    def session(self) -> str:
        """A new one, for the cookie."""
        return self._signer.sign(secrets.token_urlsafe(9)).decode()

    def who(self, scope: Scope) -> str | None:
        """The session, or `bearer`; None for nobody that is known."""
        request = Request(scope)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == BEARER and self.opens(given.strip().encode("latin-1")):
            return BEARER
        cookie = request.cookies.get(COOKIE)
        return None if cookie is None or not self.asked else self._known(cookie)

    def _known(self, cookie: str) -> str | None:
        try:
            return self._signer.unsign(cookie, max_age=DAYS * 86_400).decode()
        except (BadSignature, UnicodeEncodeError):
            return None


def hand_out(answer: Response, session: str, *, secure: bool) -> None:
    answer.set_cookie(COOKIE, session, max_age=DAYS * 86_400, httponly=True, samesite="strict", secure=secure)


def take_back(answer: Response) -> None:
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
