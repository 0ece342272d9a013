"""A home of its own for the demo: the shipped configuration, pointed at loopback ports by environment variables."""

import os
import secrets
import shutil
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

SHIPPED = Path(__file__).resolve().parents[2]
RECIPIENT = "you@demo.example"
ZONES = ("America/New_York", "Europe/Paris", "Asia/Hong_Kong", "America/Los_Angeles", "Pacific/Auckland")
PORTS = ("tote", "scrapyd", "smtp", "board")
PLACES = (
    "DB_", "LOG_DIR", "PING_URL", "API_", "HORSES_API__", "HORSES_DATABASE_", "HORSES_SYSTEM__", "HORSES_SCHEDULER__PING_URL",
)  # fmt: skip
"""Variables of the installation that the demo is played beside: it must not touch that one's database."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the demo lives, which ports it took, and what its processes find in their environment."""

    path: Path
    clock: str
    ports: dict[str, int]
    password: str = field(repr=False)

    @property
    def tote(self) -> str:
        return f"http://127.0.0.1:{self.ports['tote']}"

    @property
    def board(self) -> str:
        return f"http://127.0.0.1:{self.ports['board']}"

    @property
    def environment(self) -> dict[str, str]:
        """The cadence is the shipped one: only places, names and the clock differ."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(PLACES)},
            "HORSES_CONFIG": str(self.path / "config" / "config.yaml"),
            "HORSES_CLOCK": self.clock,
            "HORSES_SCRAPYD__URL": f"http://127.0.0.1:{self.ports['scrapyd']}",
            "API_PORT": str(self.ports["board"]),
            "HORSES_API__PUBLIC_URL": self.board,
            "HORSES_SMTP__HOST": "127.0.0.1",
            "HORSES_SMTP__PORT": str(self.ports["smtp"]),
            "HORSES_SMTP__SECURITY": "none",
            "SCRAPYD_PASSWORD": self.password,
            "EMAIL_SENDER": "horses@demo.example",
            "EMAIL_RECIPIENT": RECIPIENT,
        }


def make_home(path: Path, rate: float, timezone: str, rules: Path | None = None, board_port: int | None = None) -> Home:
    """rules: a rule file instead of the shipped one. board_port: instead of a free one."""
    password = os.environ.get("SCRAPYD_PASSWORD") or secrets.token_urlsafe(16)
    ports = free_ports() | ({} if board_port is None else {"board": board_port})
    home = Home(path, f"{int(time.time())}@{rate:g}", ports, password)
    shutil.copytree(SHIPPED / "config", path / "config")
    shutil.copy(SHIPPED / "scrapy.cfg", path)
    if rules is not None:
        shutil.copy(rules, path / "config" / "alerts.yaml")
    tracks = path / "config" / "tracks.yaml"
    tracks.write_text(yaml.safe_dump(_tracks(tracks, home.tote, timezone), sort_keys=False), encoding="utf-8")
    return home


def daytime_zone(now: datetime) -> str:
    """A racing zone where it is between 8 and 20 o'clock, so that the card does not cross midnight."""
    return next(zone for zone in ZONES if 8 <= now.astimezone(ZoneInfo(zone)).hour < 20)


def _tracks(shipped: Path, tote: str, timezone: str) -> dict[str, object]:
    blocks = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    rate = {"requests_per_second": 50, "burst": 10}  # it is our own
    blocks["sources"] = {"demo": {**blocks["sources"]["demo"], "base_url": tote, "rate_limit": rate}}
    demo = {**blocks["tracks"]["demo"], "timezone": timezone, "page": f"{tote}/"}
    return {**blocks, "tracks": {"demo": demo}}


def free_ports() -> dict[str, int]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in PORTS}
    ports = {name: listener.getsockname()[1] for name, listener in sockets.items()}
    for listener in sockets.values():
        listener.close()
    return ports
