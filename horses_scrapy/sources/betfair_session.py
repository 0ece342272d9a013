"""Betfair's session, shared by all jobs through a file: login and keep-alive are betfairlightweight's.

A session lives twelve hours; the library's `session_expired` is true from its half on. It is then kept alive, or made anew,
by the one job that holds the lock; the others wait and take what it wrote. A refused login is not repeated for a quarter
of an hour: a password that is wrong every minute locks the account.
"""

import fcntl
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from scrapy.exceptions import DownloadFailedError

from horses_scrapy.errors import Blocked, ParseError
from horses_scrapy.sources.betfair_login import Account, Client, client_of, named_errors

logger = logging.getLogger(__name__)

REFUSED_WAIT = 900
"""Seconds for which a refused login is not tried again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file says. Seconds since 1970; `refused` is the code of a login that failed at `since`."""

    account: str
    token: str | None
    since: float
    refused: str | None = None


def open_session(account: Account, path: Path) -> dict[str, str]:
    """Headers of a session that holds for hours. Blocks: login and lock are waited for.

    Raises MissingCredentials, Blocked, ParseError, ConfigError, or DownloadFailedError where the service cannot be reached.
    """
    client = client_of(account)
    with _locked(path):
        kept = _read(path)
        if kept is None or kept.account != account.key():
            kept = None
        _check_refused(kept, path)
        if not _resumed(client, kept):
            _log_in(client, account, path)
        _write(path, Kept(account.key(), client.session_token, client.since))
    headers = client.request_headers
    return {name: headers[name] for name in ("X-Application", "X-Authentication")}


def forget(path: Path, token: str) -> None:
    """The service does not know the token: the next run logs in. A newer one, which another job has, stays."""
    with _locked(path):
        kept = _read(path)
        if kept is not None and kept.token == token:
            path.unlink()


def _resumed(client: Client, kept: Kept | None) -> bool:
    """Whether the kept session goes on, kept alive where half its life is over."""
    if kept is None or kept.token is None:
        return False
    client.resume(kept.token, kept.since)
    if not client.session_expired:
        return True
    if time.time() - kept.since > client.session_timeout:
        return False
    try:
        with named_errors():
            client.keep_alive()
    except (Blocked, ParseError):
        return False  # a new login tells what is wrong
    except DownloadFailedError as error:
        logger.warning("Session not kept alive, it lives until %.0f: %s", kept.since + client.session_timeout, error)
    return True


def _log_in(client: Client, account: Account, path: Path) -> None:
    try:
        with named_errors():
            client.login_interactive() if account.certificates is None else client.login()
        if not client.session_token:
            raise ParseError("API login: SUCCESS without a session token")
        logger.info("Logged in to %s", client.identity_uri)
    except Blocked as error:
        _write(path, Kept(account.key(), None, time.time(), refused=str(error)))
        raise


def _check_refused(kept: Kept | None, path: Path) -> None:
    if kept is None or kept.refused is None:
        return
    left = kept.since + REFUSED_WAIT - time.time()
    if left > 0:
        raise Blocked(f"{kept.refused}; not tried again for {left:.0f} s, or until {path} is removed")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held for two requests at most, each of which the library ends after 19 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> Kept | None:
    """A file that is not ours is as good as none: a login mends it."""
    try:
        return Kept(**json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write(path: Path, kept: Kept) -> None:
    """Whole or not at all, and for nobody else to read: mkstemp makes its file 0600."""
    descriptor, made = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(kept), file)
    Path(made).replace(path)
