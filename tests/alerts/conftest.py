import datetime as dt
import json
import shutil
import socket
import threading
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from web_hook import web_hook

from alerts.engine import Engine, Setting
from alerts.rules import load_rules
from alerts.surroundings import Surroundings
from alerts.tools.against_live import differences, line_of, line_told
from alerts.tools.replay import Replayed, replay
from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config import Settings, Track
from horses_scrapy.config.model import Smtp
from horses_scrapy.items import (
    Entry,
    Finisher,
    OddsItem,
    PairGrid,
    PairPrice,
    Payoff,
    Pool,
    Price,
    RaceItem,
    ResultItem,
    Source,
)  # fmt: skip
from horses_scrapy.storage import alert_reader, schema, writer
from horses_scrapy.storage.alert_reader import StoredAlert
from horses_scrapy.storage.engine import Store, open_store

TRACK = Track(
    key="gulf",
    code="GP",
    name="Gulf Downs",
    country="US",
    timezone="America/New_York",
    source="demo",
    source_key="GP",
    base_url="http://127.0.0.1:1",
    currency="USD",
)
START = dt.datetime(2026, 5, 2, 20, 0, tzinfo=dt.UTC)


class SetClock(Clock):
    """A clock that stands where it is put."""

    def __init__(self, at: dt.datetime = START) -> None:
        super().__init__()
        self.__dict__["at"] = at

    def now_ms(self) -> int:
        return to_ms(self.__dict__["at"])

    def put(self, at: dt.datetime) -> None:
        self.__dict__["at"] = at


@dataclass
class Meeting:
    """One race day on its own database: store what a crawl would store, then ask the rules."""

    store: Store
    folder: Path
    clock: Clock
    recipients: tuple[str, ...] = ("you@example.com",)
    races: dict[int, int] = field(default_factory=dict)
    board_source: Source = field(default_factory=lambda: Source("demo", "board", "display"))
    horses: dict[str, str] = field(default_factory=dict)
    text: str = "rules: []"
    start: dt.datetime = START
    around: Surroundings = field(default_factory=Surroundings)
    track: Track = TRACK

    def rules(self, text: str) -> None:
        self.text = text

    def engine(self) -> Engine:
        """A new one each time: everything an engine knows is in the database."""
        path = self.folder / "alerts.yaml"
        path.write_text(self.text, encoding="utf-8")
        return Engine(
            self.store, Setting(rules=load_rules(path), recipients=self.recipients, around=self.around), self.clock
        )

    def card(self, minute=0.0, *, race=1, horses=None, out=(), late=(), post=None, status="scheduled", **fields):
        """horses: program number -> name; a letter after the number couples it (1, 1A).

        jockeys, trainers: program number -> name; morning: program number -> profit per 1.
        """
        self.horses = horses or self.horses or {"1": "Alpha", "2": "Bravo", "3": "Cat", "5": "Dancer"}
        status_of = {**dict.fromkeys(out, "scratched"), **dict.fromkeys(late, "late_scratch")}
        jockeys, trainers = fields.pop("jockeys", {}), fields.pop("trainers", {})
        morning = {n: round((profit + 1) * 1000) for n, profit in fields.pop("morning", {}).items()}
        entries = tuple(
            Entry(
                program_number=n,
                label=n.rstrip("ABX"),
                horse=name,
                status=status_of.get(n, "active"),
                jockey=jockeys.get(n),
                trainer=trainers.get(n),
                morning_line=morning.get(n),
            )
            for n, name in self.horses.items()
        )
        item = RaceItem(
            **self._common(minute, race, fields.pop("source", None)),
            source_key=f"R{race}",
            post_time=self.at(60) if post is None else post,
            status=status,
            entries=entries,
            **fields,
        )
        with self.store.write() as connection:
            self.races[race] = writer.store_race(connection, item, TRACK, run_id=None, now_ms=self._stored_at(item))

    def board(self, minute, prices=None, *, race=1, pool=5000, pairs=None, status="open", source=None, **fields):
        """prices: label -> profit per 1, "SCR", "99+" or None; pool in whole units; pairs: (first, second) -> for 2.

        amounts: label -> whole units in the win pool; cap: what a pair's price of "this or more" is.
        """
        if race not in self.races:
            self.card(race=race)
        kind = fields.pop("bet_type", "exacta")
        pools = [Pool(bet_type="win", amount=pool * 100, currency="USD")] if pool is not None else []
        pools += [
            Pool(bet_type="win", amount=amount * 100, currency="USD", label=label)
            for label, amount in fields.pop("amounts", {}).items()
        ]
        if pairs is not None:
            pools.append(Pool(bet_type=kind, amount=fields.pop("pair_pool", 5000) * 100, currency="USD"))
        item = OddsItem(
            **self._common(minute, race, source),
            status=status,
            prices=tuple(
                self._price(label, shown, fields.get("market", "win_tote")) for label, shown in (prices or {}).items()
            ),
            pools=tuple(pools),
            grids=()
            if pairs is None
            else (self._grid(minute, pairs, kind, fields.pop("base", 200), fields.pop("cap", None)),),
            **{name: value for name, value in fields.items() if name != "market"},
        )
        with self.store.write() as connection:
            return writer.store_board(connection, item, TRACK, run_id=None, now_ms=self._stored_at(item)).board_id

    def result(self, minute, order, payoffs=(), *, race=1, status="official", source=None):
        """order: program number -> position; payoffs: (bet type, combination, base, paid), in whole units."""
        item = ResultItem(
            **self._common(minute, race, source),
            status=status,
            finishers=tuple(Finisher(position=place, program_number=n) for n, place in order.items()),
            payoffs=tuple(
                Payoff(bet_type=kind, combination=won, base=base * 100, payout=round(paid * 100), currency="USD")
                for kind, won, base, paid in payoffs
            ),
        )
        with self.store.write() as connection:
            writer.store_result(connection, item, TRACK, run_id=None, now_ms=self._stored_at(item))

    def play(self, minute, prices=None, *, race=1, **fields) -> list[str]:
        """Store a board and evaluate it; what fired."""
        self.board(minute, prices, race=race, **fields)
        return self.evaluate(race)

    def evaluate(self, race=1) -> list[str]:
        return [fired.text for fired in self.engine().evaluate_race(self.races[race])]

    def at(self, minute) -> dt.datetime:
        return self.start + dt.timedelta(minutes=minute)

    def rows(self, table: str) -> list[dict]:
        of = schema.metadata.tables[table]
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(select(of).order_by(*of.primary_key)).mappings()]

    def details(self) -> list[dict]:
        return [json.loads(row["detail"]) for row in self.rows("alert")]

    def told(self) -> list[StoredAlert]:
        with self.store.read() as connection:
            return alert_reader.alerts_of(connection, list(self.races.values()))

    def replayed(self) -> list[Replayed]:
        """What the rules give over everything that is stored."""
        path = self.folder / "alerts.yaml"
        path.write_text(self.text, encoding="utf-8")
        rules = load_rules(path)
        with self.store.read() as connection:
            return list(replay(connection, self.races.values(), rules, self.around))

    def assert_replays_exactly(self) -> None:
        told, again = self.told(), self.replayed()
        assert list(differences(told, again)) == []
        assert [line_of(one) for one in again] == sorted(map(line_told, told), key=lambda line: line.race_id)

    def _stored_at(self, item) -> int:
        """What is fetched late is stored late, where the clock of the test runs."""
        return max(to_ms(item.fetched_at), self.clock.now_ms())

    def _common(self, minute, race, source) -> dict:
        return {
            "track": "gulf",
            "race_date": dt.date(2026, 5, 2),
            "race_number": race,
            "source": source or self.board_source,
            "url": f"https://track.example/race/{race}",
            "fetched_at": self.at(minute),
        }

    @staticmethod
    def _price(label, shown, market) -> Price:
        if shown == "SCR":
            return Price(label=label, market=market, price=None, status="scratched")
        if shown == "99+":
            return Price(label=label, market=market, price=100_000, status="capped")
        return Price(label=label, market=market, price=None if shown is None else round((shown + 1) * 1000))

    def _grid(self, minute, cells, kind, base, cap) -> PairGrid:
        prices = tuple(PairPrice(first=a, second=b, payout=round(paid * 100)) for (a, b), paid in cells.items())
        return PairGrid(
            bet_type=kind, base=base, currency="USD", fetched_at=self.at(minute), prices=prices,
            cap=None if cap is None else round(cap * 100),
        )  # fmt: skip


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A finished one to copy: to make one takes longer than most days of races."""
    home = tmp_path_factory.mktemp("empty")
    store = open_store(Settings.model_validate({"home": home, "config_file": home / "x"}), Clock())
    store.close()
    return store.path


@pytest.fixture
def kind() -> str:
    """The database that meetings are on. Test files that are about both have a fixture of this name."""
    return "sqlite"


@pytest.fixture
def make_meeting(kind, request, tmp_path, empty_database):
    """Opens meetings, each on a database of its own."""
    opened: list[Store] = []
    with ExitStack() as stack:

        def make(clock: Clock | None = None) -> Meeting:
            home = tmp_path / f"home{len(opened)}"
            (home / "config").mkdir(parents=True)
            (home / "data").mkdir()
            settings = {"home": home, "config_file": home / "config" / "config.yaml"}
            if kind == "sqlite":
                shutil.copy(empty_database, home / "data" / "horses.db")
            else:
                url = stack.enter_context(request.getfixturevalue("postgres").borrowed())
                settings["system"] = {"database_url": url}
            now = SetClock() if clock is None else clock
            opened.append(stack.enter_context(closing(open_store(Settings.model_validate(settings), now))))
            return Meeting(opened[-1], home, now)

        yield make


@pytest.fixture
def meeting(make_meeting, clock):
    return make_meeting(clock)


# --- Mail servers ------------------------------------------------------------------------------------------------------

DEFAULTS = {
    "BANNER": "220 test",
    "EHLO": "250-test\r\n250 8BITMIME",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "DOT": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
    "AUTH": "235 welcome",
}


class ScriptedServer:
    """A mail server on loopback that answers as it is told: a reply, or `drop` or `hang`; a list is used up in turn.

    `taken` are (recipient, message) that it answered 250, or took before it dropped the line; after_dot is called with
    their count before the reply to the final dot.
    """

    def __init__(self, script: dict[str, str | list[str]]) -> None:
        self.script = {event: list(reply) if isinstance(reply, list) else reply for event, reply in script.items()}
        self.taken: list[tuple[str, bytes]] = []
        self.commands: list[str] = []
        self.connections = 0
        self.before_reply = lambda _count: None
        self.after_reply = lambda _count: None
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(line,), daemon=True))
            self._threads[-1].start()

    def _serve(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as lines:
            line.settimeout(10)
            try:
                self._converse(line, lines)
            except (OSError, EOFError):
                return

    def _converse(self, line, lines) -> None:
        self._reply(line, "BANNER")
        recipient = ""
        while True:
            command = lines.readline()
            if not command:
                return
            verb = command[:4].decode("latin-1").upper()
            self.commands.append(command.decode("latin-1").strip())
            if verb == "RCPT":
                recipient = command.decode("ascii").partition("<")[2].partition(">")[0]
            self._reply(line, verb)
            if verb == "DATA" and self._last.startswith("354"):
                self._take(line, lines, recipient)
            if verb == "QUIT":
                return

    def _take(self, line, lines, recipient) -> None:
        body = b""
        while (part := lines.readline()) != b".\r\n":
            if not part:
                raise EOFError
            body += part.removeprefix(b".")
        reply = self._next("DOT")
        if reply.startswith("250") or reply in {"drop", "hang"}:
            self.taken.append((recipient, body))
        self.before_reply(len(self.taken))
        self._say(line, reply)
        self.after_reply(len(self.taken))

    def _reply(self, line, event: str) -> None:
        self._last = self._next(event)
        self._say(line, self._last)

    def _next(self, event: str) -> str:
        reply = self.script.get(event, DEFAULTS.get(event, "502 what?"))
        if isinstance(reply, list):
            return reply.pop(0) if reply else DEFAULTS[event]
        return reply

    def _say(self, line, reply: str) -> None:
        if reply == "drop":
            raise EOFError
        if reply == "hang":
            self._over.wait(10)
            raise EOFError
        for piece in reply if reply.startswith("trickle ") else [reply]:
            line.sendall(piece.encode() if len(piece) == 1 else f"{piece}\r\n".encode())
            if len(piece) == 1 and self._over.wait(0.1):
                raise EOFError


@pytest.fixture
def scripted():
    """Makes scripted mail servers."""
    made: list[ScriptedServer] = []

    def make(script=None) -> ScriptedServer:
        made.append(ScriptedServer(script or {}))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def smtp():
    """Settings of a plain connection to a server's port; fields replace or add."""

    def make(port, **fields) -> Smtp:
        plain = {
            "host": "127.0.0.1", "port": port, "security": "none", "sender": "from@example.com",
            "recipients": "you@example.com", "connect_timeout": 5, "command_timeout": 5, "data_timeout": 5,
            "total_timeout": 20,
        }  # fmt: skip
        return Smtp.model_validate(plain | fields)

    return make


@pytest.fixture
def hook():
    with web_hook() as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """Files of a certificate for localhost that only its own CA file vouches for, and of its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"
