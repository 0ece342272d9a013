"""Starting scrapyd so that config/scrapyd.conf is really read, with a password, and for this machine only."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from scrapyd.config import Config

import horses_scrapy
from horses_scrapy.config import Settings
from horses_scrapy.config.variables import CONFIG_VARIABLE
from horses_scrapy.errors import ConfigError
from horses_scrapy.hosts import is_local, origin

CONF = "scrapyd.conf"
PROJECT = Path(horses_scrapy.__file__).parents[1]
"""scrapyd finds its hooks and its runner there: it looks neither beside its configuration nor in the project."""
MAKE_ONE = (
    """python -c "import secrets; print('SCRAPYD_PASSWORD=' + secrets.token_urlsafe())" >> .env; chmod 600 .env"""
)


def become_scrapyd(settings: Settings, environ: Mapping[str, str] = os.environ) -> NoReturn:
    """Replace this process by scrapyd. Raises ConfigError where it would be open to others.

    Its working directory is config/: there it finds scrapyd.conf, and the project's scrapy.cfg one level up.
    """
    folder = settings.config_file.parent
    if not (folder / CONF).is_file():
        raise ConfigError(
            f"{folder / CONF}: not found: scrapyd would start with its own defaults, open to everyone here"
        )
    changed = environment(settings, environ)
    os.chdir(folder)
    refuse_open(environ.get("SCRAPYD_BIND_ADDRESS") or Config().get("bind_address"))
    os.execve(sys.executable, [sys.executable, "-m", "scrapyd", "--pidfile="], changed)  # noqa: S606 (no shell wanted)


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """What scrapyd and its jobs find: our password and port, and the configuration that this process was given."""
    password = settings.scrapyd.password.get_secret_value()
    scheme, host, port = origin(settings.scrapyd.url)
    if not password:
        raise ConfigError(f"scrapyd needs a password: set SCRAPYD_PASSWORD in .env, for instance:\n  {MAKE_ONE}")
    if scheme != "http" or not is_local(host):
        raise ConfigError(f"scrapyd.url: {settings.scrapyd.url}: only http on this machine can be started from here")
    return {
        **{name: value for name, value in environ.items() if name != "SCRAPYD_UNIX_SOCKET_PATH"},
        "SCRAPYD_USERNAME": settings.scrapyd.username,
        "SCRAPYD_PASSWORD": password,
        "SCRAPYD_HTTP_PORT": str(port),
        CONFIG_VARIABLE: str(settings.config_file),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT), environ.get("PYTHONPATH")))),
    }


def refuse_open(bind_address: str) -> None:
    if not is_local(bind_address):
        raise ConfigError(
            f"scrapyd: bind_address {bind_address!r}: whoever reaches it can run code here; set 127.0.0.1 in "
            "config/scrapyd.conf, ~/.scrapyd.conf, scrapy.cfg or SCRAPYD_BIND_ADDRESS, whichever says otherwise"
        )
