"""A PostgreSQL of the tests' own: on loopback, in a temporary directory, gone when the run ends.

One for a whole run: the process that pytest was started as names the directory, the first test that needs the server
starts it there, and the first process stops it. HORSES_TEST_DATABASE_URL uses a server that is there already.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from horses_scrapy.storage import schema
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import create
from horses_scrapy.storage.migrate import HEAD

GIVEN = "HORSES_TEST_DATABASE_URL"
FOLDER, FIRST = "PYTEST_POSTGRES_FOLDER", "PYTEST_POSTGRES_FIRST"
"""Set by the first process of a run, for its workers: where the server is or will be, and its own process id."""
KEPT = "PYTEST_POSTGRES_GIVEN"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
SMALL = ("shared_buffers=64MB", "max_connections=100", "wal_level=minimal", "max_wal_senders=0")
WATCH = """{
    "$@" & server=$!
    while kill -0 "$WATCHED" 2>/dev/null && kill -0 "$server" 2>/dev/null; do sleep 1; done
    kill -QUIT "$server" 2>/dev/null
} &"""
"""Ends the server when the run is killed and can end nothing itself."""


class NoServerError(Exception):
    """Says what is missing."""


def binaries() -> Path:
    """The folder of initdb and postgres: Debian keeps them off the path. Raises NoServerError."""
    found = shutil.which("initdb")
    folders = [] if found is None else [Path(found).resolve().parent]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True)
    folders += [Path(folder) for folder in _told_by_pg_config()]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServerError(f"no PostgreSQL server: install the package postgresql, or set {GIVEN}")


def _told_by_pg_config() -> list[str]:
    if shutil.which("pg_config") is None:
        return []
    return subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.split()


class Cluster:
    """Its files and its port. PostgreSQL refuses to run as root: then it runs as the user postgres."""

    def __init__(self, folder: Path, settings: tuple[str, ...] = QUICK + SMALL) -> None:
        self.folder = folder
        self._settings = settings
        self._bin = binaries()
        self._user = "postgres" if os.getuid() == 0 else None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    @property
    def url(self) -> URL:
        return URL.create("postgresql+psycopg", "horses", "hunter2", "127.0.0.1", self.port, "postgres")

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self.folder.chmod(0o755)
            shutil.chown(self.folder, self._user)
        how = ["--auth=trust", "--username=horses", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = self._as_user([self._bin / "initdb", "-D", self.data, *how])
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        (self.folder / "port").write_text(str(_free_port()))

    def start(self) -> None:
        """Returns once it answers."""
        settings = (*self._settings, f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        command = [self._bin / "postgres", "-D", self.data, *(part for one in settings for part in ("-c", one))]
        watched = {"WATCHED": os.environ.get(FIRST, str(os.getpid()))}
        with (self.folder / "log").open("ab") as log:
            subprocess.run(
                ["sh", "-c", WATCH, "sh", *self._as_user(command)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ | watched,
                cwd=self.folder, check=True,
            )  # fmt: skip
        for _ in range(300):
            with suppress(psycopg.OperationalError):
                self.connect().close()
                return
            time.sleep(0.05)
        raise NoServerError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(conninfo(self.url), autocommit=True, connect_timeout=5)

    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """At once: nothing of it is kept."""
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = self.pid()
            os.kill(pid, how)
            _gone(pid)

    def kill(self) -> None:
        """As a power cut does it: no process of it writes another byte."""
        pids = [self.pid(), *_children(self.pid())]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            _gone(pid)

    def _as_user(self, command: list) -> list[str]:
        words = [str(word) for word in command]
        return words if self._user is None else ["setpriv", *_identity(self._user), *words]


def _identity(user: str) -> list[str]:
    entry = pwd.getpwnam(user)
    return [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--reset-env"]


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


def _children(of: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


def _gone(pid: int) -> None:
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)


def conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


# --- One for a run ----------------------------------------------------------------------------------------------------


def announce() -> None:
    """In the first process of a run. Nothing is started yet."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="horses-postgres-")
    Path(os.environ[FOLDER]).chmod(0o755)  # another user's server looks into it
    os.environ[FIRST] = str(os.getpid())
    if GIVEN in os.environ:
        os.environ[KEPT] = os.environ.pop(GIVEN)  # to a configuration it looks like a misspelt variable


def end() -> None:
    folder = Path(os.environ.pop(FOLDER))
    if (folder / "server" / "port").exists():
        Cluster(folder / "server").stop()
    elif (folder / "given").exists():
        _drop_ours()
    shutil.rmtree(folder, ignore_errors=True)


def running() -> URL:
    """Of the run's server, with a template of our tables; started by whoever asks first. Raises NoServerError."""
    folder = Path(os.environ[FOLDER])
    with _locked(folder / "lock"):
        if KEPT in os.environ:
            url = make_url(os.environ[KEPT]).set(drivername="postgresql+psycopg")
            mark = folder / "given"
        else:
            cluster = Cluster(folder / "server")
            mark = cluster.folder / "ready"
            if not mark.exists():
                cluster.make()
                cluster.start()
            url = cluster.url
        if not mark.exists():
            _make_template(url)
            mark.touch()
    return url


def _make_template(url: URL) -> None:
    with connected(url) as connection:
        connection.execute(f"CREATE DATABASE {template()}")
    create(address_at(conninfo(url.set(database=template())), Path("/")), "live")


def _drop_ours() -> None:
    with connected(make_url(os.environ[KEPT])) as connection:
        named = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [template()])
        for (name,) in named.fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def template() -> str:
    return f"horses_test_{os.environ[FIRST]}"


@contextmanager
def connected(url: URL) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(conninfo(url), autocommit=True, connect_timeout=10)) as connection:
        yield connection


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Databases:
    """Of one test process. Emptying one takes 2 ms, copying the template 70."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._free: list[URL] = []
        self._made = 0
        rows = [table.name for table in reversed(schema.metadata.sorted_tables)]
        self._empty = "; ".join(f"DELETE FROM {name}" for name in rows)

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """The URL of a database with our tables, empty but for its purpose: live."""
        url = self._free.pop() if self._free else self._copy(template())
        yield conninfo(url)
        self._clear(url)  # where that fails it is not used again
        self._free.append(url)

    @contextmanager
    def own(self, *, blank: bool = False) -> Iterator[str]:
        """The URL of one whose tables may be changed at will; `blank` has none."""
        url = self._copy("template0" if blank else template())
        yield conninfo(url)
        with connected(self._server) as connection:
            connection.execute(f"DROP DATABASE {url.database} WITH (FORCE)")

    def _copy(self, of: str) -> URL:
        self._made += 1
        name = f"{template()}_{os.getpid()}_{self._made}"
        with connected(self._server) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY FILE_COPY")
        return self._server.set(database=name)

    def _clear(self, url: URL) -> None:
        with connected(url) as connection:
            connection.execute(
                f"{self._empty}; INSERT INTO meta VALUES ('purpose', 'live'); "
                f"UPDATE alembic_version SET version_num = '{HEAD}'"
            )
            connection.execute("SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences")
