"""scripts/scheduler.py as people call it, without a scrapyd; and no script does anything in a dry run."""

import hashlib
import logging
import os
import runpy
import socket
import sys
import time
from pathlib import Path

import pytest

from horses_scrapy.errors import OK, UNHEALTHY, USAGE

SCRIPTS = Path(__file__).parents[2] / "scripts"
ONLY_TELL = {"serve.py", "config.py", "data_quality_check.py", "health_check.py"}
STARTS_OTHERS = {"run_scrapyd.py"}
DRY = [
    ("scheduler.py", "", "Would queue track_aqu: the whole card, due 2"),
    ("scheduler.py", "--once", "Would crawl track_aqu once\nWould crawl track_gp once\n"),
    ("scheduler.py", "--standby", "Would queue track_aqu"),
    ("scheduler.py", "--region us --once", "Would crawl track_aqu once"),
    ("scheduler.py", "--failed-of 1", "Would crawl track_gp once\n"),
    ("scheduler.py", "--failed-of 2", "Nothing that is watched failed in 2"),
    ("scheduler.py", "--update daily_data --days-ahead 3", "daily_data: job 1 of each of aqu, gp: -a only=card -a days_ahead=3"),
    ("scheduler.py", "--force-all", "weekly_reconciliation: job 1 of each of aqu, gp: -a only=results -a days_back=7"),
    ("scheduler.py", "plan", "requests"),
    ("mailer.py", "", "0 messages would be sent"),
    ("mailer.py", "--once", "0 messages would be sent"),
    ("mailer.py", "--test-mail you@example.com", "Would send a test message to you@example.com"),
    ("alertctl.py", "test-mail you@example.com", "Would send a test message to you@example.com"),
    ("alertctl.py", "silence add --match track=AQU --for 2h --by me --comment x", "Would silence track=AQU for 2h"),
    ("alertctl.py", "silence expire 1", "Would end silence 1"),
    ("alertctl.py", "watchlist add mine horse=Flame", "Would put entries on a list: mine: horse=Flame"),
    ("alertctl.py", "watchlist remove mine horse=Flame", "Would take entries off a list: mine: horse=Flame"),
    ("alertctl.py", "outbox retry --dead", "Would make due again all that are dead"),
    ("db.py", "init", "Would make the tables in {home}/data/horses.db"),
    ("db.py", "upgrade", "Would bring {home}/data/horses.db to this program's revision, after a backup"),
    ("db.py", "downgrade 0004", "Would take {home}/data/horses.db back to 0004, after a backup"),
    ("db.py", "backup", "Would copy {home}/data/horses.db into {home}/data/backups"),
    ("db.py", "restore old.db", "Would put old.db in the place of {home}/data/horses.db"),
    ("db.py", "prune --older-than 1", "nothing was changed (--dry-run)"),
    ("db.py", "analyze", "Would gather statistics in {home}/data/horses.db"),
    ("generate_test_data.py", "", "Would write 3 races of 2"),
    ("generate_test_data.py", "--observed 1000", "Would write races until 1,000 prices into {home}/data/sample.db"),
]  # fmt: skip


@pytest.fixture
def script(home, monkeypatch, capsys):
    """Runs a script in this process, as it would run in a shell of its own: exit code and output."""
    for name in [name for name in os.environ if name.startswith(("HORSES_", "LOG_", "DB_", "SMTP_", "EMAIL_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "HORSES_CONFIG": str(home / "config" / "config.yaml"), "SCRAPYD_PASSWORD": "correct-horse",
        "EMAIL_SENDER": "from@example.com", "EMAIL_RECIPIENT": "you@example.com", "LOG_LEVEL": "WARNING",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    level = root.level

    def run(name, *words):
        monkeypatch.setattr(sys, "argv", [name, *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    yield run
    root.setLevel(level)


@pytest.fixture
def ports(home, monkeypatch):
    """Of scrapyd and of the mail server, where somebody would be heard who knocks."""
    with socket.create_server(("127.0.0.1", 0)) as scrapyd, socket.create_server(("127.0.0.1", 0)) as smtp:
        for listener in (scrapyd, smtp):
            listener.setblocking(False)
        monkeypatch.setenv("HORSES_SCRAPYD__URL", f"http://127.0.0.1:{scrapyd.getsockname()[1]}")
        monkeypatch.setenv("HORSES_SMTP__PORT", str(smtp.getsockname()[1]))
        yield scrapyd, smtp


@pytest.fixture
def database(home, store, cards, settings):
    """With a batch of crawls of which one failed; and its block of the demo track, for the test data."""
    cards.race("aqu", 3, int(time.time() * 1000) + 120_000)
    cards.run("gp", None, 1000, outcome="blocked")
    cards.run("aqu", None, 1000, outcome="ok")
    store.close()
    tracks = home / "config" / "tracks.yaml"
    demo = "  demo: {code: DMO, name: demo, country: US, timezone: UTC, source: demo, source_key: DMO, currency: USD,\n"
    tracks.write_text(tracks.read_text() + demo + '    base_url: "http://127.0.0.1:9", enabled: false}\n')
    return home / "data" / "horses.db"


def everything(home):
    """Every file of the home but logs, by its content."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_in_a_dry_run_scripts_say_what_they_would_do_and_do_nothing(home, script, ports, database, monkeypatch, how):
    """Over one database, because making it takes longer than all of them."""
    if how == "variable":
        monkeypatch.setenv("HORSES_SYSTEM__DRY_RUN", "true")
    before = everything(home)
    for name, words, says in DRY:
        code, said = script(name, *words.split(), *(["--dry-run"] if how == "flag" else []))
        assert code == OK, f"{name} {words}: {said}"
        assert says.format(home=home) in said, f"{name} {words}: {said}"
        assert everything(home) == before, f"{name} {words}"
    for listener in ports:
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_every_script_is_either_walked_over_above_or_writes_and_sends_nothing():
    names = {path.name for path in SCRIPTS.glob("*.py") if not path.name.startswith("_")}
    assert names == {name for name, _, _ in DRY} | ONLY_TELL | STARTS_OTHERS


def test_test_is_a_dry_run(script, home, database):
    before = everything(home)
    code, said = script("scheduler.py", "--once", "--test")
    assert (code, said) == (OK, "Would crawl track_aqu once\nWould crawl track_gp once\n")
    assert everything(home) == before


def test_without_a_database_a_dry_run_makes_none(script, home):
    code, said = script("scheduler.py", "--dry-run")
    assert code == OK
    assert said.startswith("Would queue track_aqu")
    assert script("mailer.py", "--dry-run") == (
        OK, f"Nothing to send: there is no database at {home}/data/horses.db\n",
    )  # fmt: skip
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--region XX", "error: --region XX: no track lies in XX; known: US"),
        ("--update nonsense", "--update nonsense: no such update; there are live_data, daily_data"),
        (
            "--update daily_data --racecards-only --results-only",
            "--racecards-only and --results-only exclude each other",
        ),
        ("--update daily_data --standby", "--standby does not go with --update"),
        ("--update daily_data --failed-of 3", "--failed-of does not go with --update"),
        ("--days-ahead 2", "--days-ahead belongs to an update"),
        ("--failed-of 99", "--failed-of 99: there is no such run"),
        ("--once --standby", "not allowed with argument"),
        ("plan --once", "--once does not go with plan, which only tells"),
        ("locks --update daily_data", "--update does not go with locks"),
        ("--next", "--next belongs to plan"),
        ("plan --since 3", "--since belongs to lateness"),
        ("nonsense", "invalid choice: 'nonsense'"),
    ],
)
def test_what_does_not_fit_ends_2_and_says_so(script, home, words, says):
    code, said = script("scheduler.py", *words.split())
    assert code == USAGE
    assert says in said
    assert not (home / "data").exists()


def test_the_verbs_print_tables_that_fit_80_columns(script, monkeypatch, database):
    monkeypatch.setattr("alerts.tools.screen.WIDTH", 80)
    for words in ("plan", "plan --next", "locks", "lateness"):
        code, said = script("scheduler.py", *words.split())
        assert code == OK, said
        lines = [line.rstrip() for line in said.splitlines()]
        assert max(len(line) for line in lines if not line.startswith("Requests of a poll")) <= 80
    code, said = script("scheduler.py", "plan")
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert rows["aqu"][:4] == ["aqu", "demo", "as", "2025-06-15"]
    assert rows["127.0.0.1"][1] == "2"
    assert rows["*/15"][-2] == "48"


def test_without_scrapyd_it_does_not_start_and_says_why(launch):
    refused = launch("scheduler.py")
    assert refused.process.wait(30) == UNHEALTHY
    assert "error: not started: scrapyd: scrapyd at http://127.0.0.1:" in refused.output
    assert "no connection" in refused.output


def test_run_scrapyd_without_a_password_ends_2(launch):
    refused = launch("run_scrapyd.py", SCRAPYD_PASSWORD="")
    assert refused.process.wait(30) == USAGE
    assert "set SCRAPYD_PASSWORD" in refused.output


@pytest.mark.slow
def test_the_sample_plays_a_card_and_leaves_the_configured_database_alone(launch, home, database):
    before = everything(home / "data")
    sample = launch("scheduler.py", "--sample", DB_PATH=str(database), HORSES_DATABASE_URL=f"sqlite:///{database}")
    code = sample.process.wait(240)
    assert code == OK, sample.output
    assert "DEMO OK races=3" in sample.output
    assert everything(home / "data") == before
