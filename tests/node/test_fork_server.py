"""The fork server and its runner, as processes, without scrapyd between them."""

import functools
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from node_home import Starter, free_port, make_home, wait_until

from horses_scrapy.node.runner import reach

PROJECT = Path(__file__).parents[2]
RUNNER, LEAN, SERVER = "horses_scrapy.node.runner", "horses_scrapy.node.lean", "horses_scrapy.node.fork_server"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A home with a server that outlives a test: to import everything takes it seconds on a busy machine."""
    place = make_home(tmp_path_factory.mktemp("a" * 100) / "home", free_port())  # longer than a socket's address may be
    starter = Starter(place)
    yield starter, _served(starter)
    starter.end()


def _served(starter):
    path = starter.place.path / "fork.sock"
    server = starter("-m", SERVER, str(path))
    wait_until(path.exists)
    return server


@pytest.fixture
def place(lasting):
    lasting[0].place.forget()
    return lasting[0].place


@pytest.fixture
def start(lasting):
    return lasting[0]


@pytest.fixture
def server(lasting):
    return lasting[1]


@pytest.fixture
def start_elsewhere(tmp_path):
    """In a home for one test."""
    starter = Starter(make_home(tmp_path / "home", free_port()))
    yield starter
    starter.end()


@pytest.fixture
def own(start_elsewhere):
    """A home with a server for one test."""
    return start_elsewhere, _served(start_elsewhere)


def job_of(starter, *arguments, runner=RUNNER, **environ):
    """A job of the runner: `crawl quick -a seconds=1`."""
    told = {"HORSES_FORK_SOCKET": str(starter.place.path / "fork.sock"), **environ}
    return starter("-m", runner, "crawl", *arguments, **told)


@pytest.fixture
def crawl(start):
    return functools.partial(job_of, start)


def jobs_of(server):
    pid = server.process.pid
    return [int(job) for job in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_job_has_its_own_streams_folder_arguments_and_environment(place, server):
    elsewhere = place.path / "tiny"
    told = place.environment(HORSES_FORK_SOCKET=str(place.path / "fork.sock"), MINE="1", NAME="Šárka \udcff")
    told.pop("HOME", None)
    numbers = set()
    for runner in (RUNNER, RUNNER, LEAN):
        done = subprocess.run(
            [sys.executable, "-m", runner, "crawl", "facts", "-a", "_job=a b", "-s", "LOG_LEVEL=ERROR"],
            env=told, cwd=elsewhere, input=b"asked\n", capture_output=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        assert (facts["folder"], facts["name"], facts["read"]) == (str(elsewhere), "a b", "asked\n")
        found = facts["environment"]
        assert {name: found[name] for name in told if name in found} == {name: told[name] for name in told}
        assert "HOME" not in found
        assert done.stderr.decode() == "to the error stream\n"
        numbers.add(facts["number"])
    assert len(numbers) == 3, "each job has random numbers of its own"
    assert server.output == ""


@pytest.mark.parametrize("runner", [RUNNER, LEAN])
@pytest.mark.parametrize(("spider", "status", "said"), [("quick", 0, ""), ("nobody", 2, "no spider nobody")])
def test_the_exit_status_comes_back(server, crawl, runner, spider, status, said):
    job = crawl(spider, "-s", "LOG_LEVEL=ERROR", runner=runner)
    assert job.process.wait(20) == status
    assert said in job.output


def test_without_a_server_the_job_is_a_lean_one(place, crawl):
    (place.path / "nobody").touch()
    assert crawl("quick", "-a", "_job=x", HORSES_FORK_SOCKET=str(place.path / "nobody")).process.wait(20) == 0
    assert place.done == ["x begins", "x ends"]


def test_the_socket_is_ours_alone(place, server):
    found = (place.path / "fork.sock").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_ISSOCK(found.st_mode)
    assert [path.name for path in place.path.glob("fork.sock*")] == ["fork.sock"]


@pytest.mark.parametrize(
    ("number", "ends", "status"),
    [(signal.SIGINT, True, None), (signal.SIGTERM, True, None), (signal.SIGKILL, False, -signal.SIGKILL)],
)
def test_a_signal_to_the_runner_reaches_the_job(place, server, crawl, waited, number, ends, status):
    job = crawl("quick", "-a", "seconds=30", "-a", "_job=x")
    waited(lambda: place.done)
    assert job.end(number) == status or status is None
    waited(lambda: not jobs_of(server))
    assert ("Closing spider" in job.output) is ends, "one signal closes the crawl in order"
    assert place.done == ["x begins"]


def test_a_job_that_a_signal_ended_is_told_as_such(place, server, crawl, waited):
    job = crawl("quick", "-a", "seconds=30")
    waited(lambda: place.done)
    os.kill(jobs_of(server)[0], signal.SIGKILL)
    assert job.process.wait(10) == -signal.SIGKILL


@pytest.mark.fault
def test_a_server_that_is_killed_takes_its_jobs_with_it(own, waited):
    """Their runners could not tell how they ended, nor pass a signal on."""
    starter, server = own
    job = job_of(starter, "quick", "-a", "seconds=30")
    waited(lambda: starter.place.done)
    [pid] = jobs_of(server)
    server.end(signal.SIGKILL)
    assert job.process.wait(10) == 1
    assert "the fork server has gone" in job.output
    waited(lambda: not Path(f"/proc/{pid}").exists())


def test_when_scrapyd_has_gone_it_ends_with_its_last_job(own, waited):
    starter, server = own
    job = job_of(starter, "quick", "-a", "seconds=3", "-a", "_job=x")
    waited(lambda: starter.place.done)
    server.process.stdin.close()
    late = job_of(starter, "quick", "-a", "_job=late")
    assert late.process.wait(20) == 0, "a lean one"
    assert job.process.wait(20) == 0
    assert server.process.wait(10) == 0
    assert sorted(starter.place.done) == ["late begins", "late ends", "x begins", "x ends"]


def test_a_request_that_is_cut_short_harms_nobody(place, server, crawl):
    for sent in (b"", b"\0\0", b"\0\0\0\x09abc"):
        with socket.socket(socket.AF_UNIX) as visitor:
            reach(visitor.connect, str(place.path / "fork.sock"))
            visitor.sendall(sent)
    assert crawl("quick").process.wait(20) == 0
    assert server.output.count("a request was left") == 3


@pytest.mark.slow
def test_changed_code_is_run_by_the_next_job_and_a_running_one_keeps_its_server(start_elsewhere, tmp_path, waited):
    start, place, copied = start_elsewhere, start_elsewhere.place, tmp_path / "copied"
    for package in ("alerts", "horses_scrapy"):
        shutil.copytree(PROJECT / package, copied / package, ignore=shutil.ignore_patterns("__pycache__"))
    path, told = place.path / "fork.sock", {"PYTHONPATH": str(copied)}
    server = start("-m", SERVER, str(path), **told)
    waited(path.exists)
    told["HORSES_FORK_SOCKET"] = str(path)
    job = start("-m", RUNNER, "crawl", "quick", "-a", "seconds=15", **told)
    waited(lambda: place.done)
    [running] = jobs_of(server)
    with (copied / "horses_scrapy" / "clock.py").open("a") as file:
        file.write('\nMARK = "changed"\n')
    facts = start("-m", RUNNER, "crawl", "facts", "-s", "LOG_LEVEL=ERROR", **told)
    facts.process.stdin.close()
    assert facts.process.wait(20) == 0
    assert json.loads(facts.output.splitlines()[0])["mark"] == "changed"
    assert jobs_of(server) == [running], "the same process, with the same child"
    assert job.process.wait(40) == 0
    (copied / "horses_scrapy" / "spiders" / "york.py").write_text("def broken(:\n")
    assert start("-m", RUNNER, "crawl", "quick", **told).process.wait(20) == 0
    assert "horses_scrapy.spiders.york was not preloaded: SyntaxError" in server.output
    assert server.process.poll() is None


def test_a_job_imports_next_to_nothing_more(tmp_path):
    place = make_home(tmp_path / "home", free_port())
    script = (
        "import sys; from horses_scrapy.node import fork_server, lean; lines = list(fork_server.preload());"
        "before = set(sys.modules); lean.crawl(['quick']); print(lines, sorted(set(sys.modules) - before))"
    )
    (place.path / "tiny" / "settings.py").write_text(SETTINGS_OF_A_JOB)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=place.environment(),
        cwd=place.path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        done.stdout
        == "[] ['horses_scrapy.settings', 'tiny', 'tiny.settings', 'tiny.spiders', 'twisted.internet.reactor']\n"
    )


def test_a_rehearsal_leaves_compiled_statements_and_nothing_open():
    script = (
        "import os, sys, tempfile; from pathlib import Path; from alerts.rules import load_rules;"
        "from horses_scrapy.node.rehearsal import rehearse; from horses_scrapy.storage import sqlite\n"
        "def held(): return sorted(os.listdir('/proc/self/fd')), os.listdir('/proc/self/task'), os.listdir(tempfile.gettempdir())\n"
        "before = held(); rehearse(load_rules(Path('config/alerts.yaml'))); once = len(sqlite._shared()[1])\n"
        "assert held() == before, (held(), before); assert 'twisted.internet.reactor' not in sys.modules\n"
        "rehearse(load_rules(Path('config/alerts.yaml'))); print(once, len(sqlite._shared()[1]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=PROJECT, env={**os.environ, "TMPDIR": folder}, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
    once, twice = map(int, done.stdout.split())
    assert once == twice > 50, "the second time compiles nothing"


SETTINGS_OF_A_JOB = """
from horses_scrapy.settings import *
SPIDER_MODULES = ['tiny.spiders']
"""
