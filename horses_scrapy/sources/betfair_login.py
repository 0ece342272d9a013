"""Betfair's identity service, by betfairlightweight: who logs in, where, and what goes wrong.

The library asks with `requests`, outside Scrapy: so it follows no redirect, reads no proxy and no .netrc, and a server on
this machine (a test, a replay) never leads to the public service. Imported only by a job that logs in: it is slow to load.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from betfairlightweight import APIClient, exceptions  # type: ignore[import-untyped]
from scrapy.exceptions import DownloadFailedError

from horses_scrapy.errors import Blocked, ConfigError, MissingCredentials, ParseError
from horses_scrapy.hosts import is_local


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in, and where. `certificates`: a folder with .crt and .key, or a .pem file; None: without certificate.

    identity_url: the identity service's address up to `login` and `keepAlive`, identity_cert_url up to `certlogin`; None
    is the library's own.
    """

    username: str
    password: str
    app_key: str
    base_url: str
    certificates: Path | None = None
    identity_url: str | None = None
    identity_cert_url: str | None = None

    def key(self) -> str:
        """A kept session is used only by the account and service that it is of."""
        whole = "\0".join((self.username, self.app_key, self.base_url, self.identity_url or ""))
        return hashlib.sha256(whole.encode()).hexdigest()


class Client(APIClient):  # type: ignore[misc]
    """betfairlightweight's client, which can go on with a session that another process began."""

    def resume(self, token: str, login_time: float) -> None:
        self.set_session_token(token)
        self._login_time = login_time

    @property
    def since(self) -> float:
        """When the session was last begun or kept alive."""
        assert self._login_time is not None
        return float(self._login_time)


def client_of(account: Account) -> Client:
    """Raises ConfigError where the identity service is not as near or far as the market data's host, or not encrypted."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    certificates = account.certificates
    whole = certificates is not None and certificates.is_file()
    client = Client(
        account.username,
        account.password,
        app_key=account.app_key,
        certs=str(certificates) if certificates is not None and not whole else None,
        cert_files=str(certificates) if whole else None,
        session=session,
    )
    if account.identity_url is not None:
        client.identity_uri = account.identity_url.rstrip("/") + "/"
    if account.identity_cert_url is not None:
        client.identity_cert_uri = account.identity_cert_url.rstrip("/") + "/"
    _check_identity("identity_url", client.identity_uri, account.base_url)
    _check_identity("identity_cert_url", client.identity_cert_uri, account.base_url)
    return client


def _check_identity(option: str, url: str, base_url: str) -> None:
    parts = urlsplit(url)
    local = is_local(parts.hostname or "")
    where = f"tracks.yaml: betfair: options.{option}: {url}"
    if local != is_local(urlsplit(base_url).hostname or ""):
        raise ConfigError(f"{where} does not go with base_url {base_url}: one is of this machine, the other is not")
    if parts.scheme != "https" and not local:
        raise ConfigError(f"{where}: a password goes through https only")


@contextmanager
def named_errors() -> Iterator[None]:
    """The library's errors as ours. None of these texts holds a password or a token."""
    try:
        yield
    except (exceptions.LoginError, exceptions.KeepAliveError) as error:
        raise Blocked(str(error)) from error
    except exceptions.StatusCodeError as error:
        if int(error.status_code) >= 500:
            raise DownloadFailedError(f"API login: HTTP {error.status_code}") from error
        raise Blocked(f"API login: HTTP {error.status_code}") from error
    except exceptions.InvalidResponse as error:
        raise ParseError("API login: the identity service did not answer in JSON") from error
    except exceptions.APIError as error:
        if isinstance(error.exception, exceptions.CertsError):
            raise MissingCredentials(f"betfair: auth.certificates: {error.exception}") from error
        raise DownloadFailedError(f"API login: {type(error.exception).__name__}: {error.exception}") from error
