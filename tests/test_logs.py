"""What operators read: two forms of one record, in the right places, and never a secret."""

import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from horses_scrapy import logs
from horses_scrapy.config import Settings
from horses_scrapy.config.model import Logging, Scrapyd, Smtp, System
from horses_scrapy.errors import ConfigError

LOG = logging.getLogger("horses")
SMTP_SECRET = "planted-smtp"
SCRAPYD_SECRET = "planted-scrapyd"
URL_SECRET = "postgresql://scott:planted%2Burl@db/horses"
PLANTED = [SMTP_SECRET, SCRAPYD_SECRET, URL_SECRET, "planted%2Burl", "planted+url"]


@pytest.fixture(autouse=True)
def _root_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        home=tmp_path,
        config_file=tmp_path / "config" / "config.yaml",
        smtp=Smtp(password=SecretStr(SMTP_SECRET)),
        scrapyd=Scrapyd(password=SecretStr(SCRAPYD_SECRET)),
        system=System(database_url=SecretStr(URL_SECRET)),
    )


@pytest.fixture
def log(settings, monkeypatch):
    """Sets logging up and returns what stands on the console and in the file once the block is done."""
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    logs.set_up(settings, "scheduler")
    return lambda: (stdout.getvalue(), text_of(settings.home / "logs", "scheduler"))


def text_of(folder, name):
    """Of the dated files, the oldest first, without the line that every process begins with."""
    found = sorted(folder.glob(f"{name}_2*.log"))
    assert found
    text = "".join(path.read_text(encoding="utf-8") for path in found)
    begin, _, rest = text.partition("\n")
    assert "folder logs" in begin
    return rest


def with_logging(settings, **changes):
    return settings.model_copy(update={"logging": Logging(**changes)})


def test_the_console_is_level_and_message_and_the_file_says_when_and_who(log):
    logging.getLogger("horses.x").warning("Scraped race %s: %d alerts", "AWA R1", 2)
    console, file = log()
    assert console == "WARNING - Scraped race AWA R1: 2 alerts\n"
    assert file.splitlines()[-1].endswith(" - horses.x - WARNING - Scraped race AWA R1: 2 alerts")
    assert file[:2] == "20"


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_the_console_keeps_its_level_and_the_file_keeps_everything(settings, capsys, level):
    logs.set_up(with_logging(settings, level=level), "mailer")
    names = ["DEBUG", "INFO", "WARNING", "ERROR"]
    for name in names:
        logging.getLogger("horses").log(getattr(logging, name), "said")
    console = [line for line in capsys.readouterr().out.splitlines() if "configured" not in line]
    assert console == [f"{name} - said" for name in names[names.index(level) :]]
    file = text_of(settings.home / "logs", "mailer")
    assert [line.split(" - ")[2] for line in file.splitlines()] == names


def test_a_dash_leaves_the_file_out(settings, capsys):
    logs.set_up(with_logging(settings, dir="-"), "scheduler")
    LOG.warning("said")
    assert capsys.readouterr().out == "WARNING - said\n"
    assert list(settings.home.iterdir()) == []


def test_an_absolute_folder_is_taken_as_it_is(settings, tmp_path):
    logs.set_up(with_logging(settings, dir=str(tmp_path / "deep" / "er")), "scheduler")
    assert list((tmp_path / "deep" / "er").glob("scheduler_2*.log"))


def test_a_folder_that_cannot_be_written_is_a_config_error(settings):
    (settings.home / "logs").write_text("a file", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"logs/scheduler_[0-9]{8}\.log: cannot be written \(.*\); set logging\.dir, or - for no file"
    ):
        logs.set_up(settings, "scheduler")


def test_any_horse_name_can_be_logged(log, monkeypatch):
    # pytest's own handlers would report the lone surrogate, which its workers cannot send.
    ours = [handler for handler in logging.getLogger().handlers if not type(handler).__module__.startswith("_pytest")]
    monkeypatch.setattr(logging.getLogger(), "handlers", ours)
    LOG.warning("%s", "Chêne 馬 \ud800")
    assert "Chêne 馬 \\ud800" in log()[1]


@pytest.mark.parametrize("secret", PLANTED)
def test_a_secret_in_a_message_or_its_arguments_is_redacted(log, secret):
    LOG.error("refused %s", secret)
    LOG.error(f"refused {secret} again")  # noqa: G004
    LOG.error("%(password)s", {"password": secret})
    LOG.error("%r", [secret])
    text = "".join(log())
    assert "planted" not in text
    assert text.count("<secret>") == 8
    assert "refused <secret> again" in text


def _log_in(secret):
    raise OSError(f"cannot log in with {secret}")


def _fail_to_send(secret):
    try:
        _log_in(secret)
    except OSError as error:
        raise RuntimeError(f"mail failed: {secret}") from error


@pytest.mark.parametrize("secret", PLANTED)
def test_a_secret_in_a_traceback_is_redacted(log, secret):
    try:
        _fail_to_send(secret)
    except RuntimeError:
        LOG.exception("flush failed")
    console, file = log()
    assert "planted" not in console + file
    for text in (console, file):
        assert "RuntimeError: mail failed: <secret>" in text
        assert "OSError: cannot log in with <secret>" in text


def test_a_traceback_without_a_secret_is_whole_and_its_error_kept():
    error = KeyError("entry")
    record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "failed", (), (KeyError, error, None))
    logs.Redact(PLANTED).filter(record)
    assert logging.Formatter(logs.CONSOLE).format(record) == "ERROR - failed\nKeyError: 'entry'"
    assert record.exc_info == (KeyError, error, None)


def test_a_secret_in_a_stack_is_redacted():
    record = logging.LogRecord(
        "x", logging.INFO, "f.py", 1, "said", (), None, sinfo=f"Stack\n  connect({SMTP_SECRET!r})"
    )
    logs.Redact([SMTP_SECRET]).filter(record)
    assert record.stack_info == "Stack\n  connect('<secret>')"


def test_the_longest_secret_is_replaced_first():
    assert logs.Redact(["abc", "abcdef", ""]).clean("abcdef abc") == "<secret> <secret>"
    assert logs.Redact([""]).clean("nothing") == "nothing"


def test_the_values_of_the_variables_that_a_source_logs_in_with_are_secrets(settings):
    with_source = settings.model_copy(update={"credentials": {"EXCHANGE_PASSWORD": SecretStr("planted-exchange")}})
    added = set(logs.secrets_of(with_source)) - set(logs.secrets_of(settings))
    assert added == {"planted-exchange"}
    assert logs.Redact(logs.secrets_of(with_source)).clean("login planted-exchange") == "login <secret>"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [("%d boards", ("many",)), ("%s %s", ("one",)), ("%(x)s", ({"y": 1},)), ("100 % sure", (1,))],
)
def test_a_malformed_call_is_logged_and_leaks_nothing(log, capsys, message, arguments):
    LOG.warning(message, *arguments)
    LOG.warning(message, *arguments, SMTP_SECRET)
    console, file = log()
    assert message in console
    assert message in file
    assert "planted" not in console + file + capsys.readouterr().err


def test_a_second_set_up_replaces_and_closes_the_first(settings):
    logs.set_up(settings, "scheduler")
    first = logging.getLogger().handlers[:]
    logs.set_up(settings, "scheduler")
    second = logging.getLogger().handlers[:]
    assert len(second) == len(first) == 3
    assert not set(first) & set(second)
    assert [handler.stream for handler in first if isinstance(handler, logging.FileHandler)] == [None, None]


@pytest.mark.parametrize("library", logs.QUIET)
def test_libraries_speak_from_warnings_on(log, library):
    logging.getLogger(f"{library}.inner").info("chatter")
    logging.getLogger(f"{library}.inner").warning("trouble")
    file = log()[1]
    assert "chatter" not in file
    assert "trouble" in file


def test_errors_stand_in_a_file_of_their_own_too(log, settings):
    LOG.warning("odd")
    LOG.error("broken")
    errors = (settings.home / "logs" / "scheduler_errors.log").read_text(encoding="utf-8")
    assert [line.split(" - ")[1:] for line in errors.splitlines()] == [["horses", "ERROR", "broken"]]
    assert "broken" in log()[1]


def test_json_lines_say_what_a_line_is_about(settings, capsys):
    logs.set_up(with_logging(settings, format="json"), "scheduler")
    with logs.context(run=7, track="demo"):
        with logs.context(race=3):
            LOG.warning("Chêne %s", SMTP_SECRET)
            with logs.context(race=4):
                LOG.info("inner", extra={"track": "other"})
        try:
            _fail_to_send(SMTP_SECRET)
        except RuntimeError:
            LOG.exception("failed")
    LOG.debug("outside")
    told = [json.loads(line) for line in text_of(settings.home / "logs", "scheduler").splitlines()]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time")) for line in told)
    error = told[2].pop("error")
    assert told == [
        {"level": "WARNING", "logger": "horses", "message": "Chêne <secret>", "run": 7, "track": "demo", "race": 3},
        {"level": "INFO", "logger": "horses", "message": "inner", "run": 7, "track": "other", "race": 4},
        {"level": "ERROR", "logger": "horses", "message": "failed", "run": 7, "track": "demo"},
        {"level": "DEBUG", "logger": "horses", "message": "outside"},
    ]
    assert "RuntimeError: mail failed: <secret>" in error
    assert capsys.readouterr().out.startswith("WARNING - Chêne <secret>\nINFO - inner\nERROR - failed\nTraceback"), (
        "people read the console"
    )


def test_where_the_console_is_all_there_is_it_is_json(settings, capsys):
    logs.set_up(with_logging(settings, dir="-", format="json"), "scheduler")
    LOG.warning("said")
    assert json.loads(capsys.readouterr().out)["message"] == "said"


def test_a_secret_that_is_given_to_a_process_stays_out_of_everything_it_writes(tmp_path):
    """The real thing: a script's process, its environment, its console, its log and its final error."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").touch()
    (tmp_path / "config" / "tracks.yaml").touch()
    scripts = Path(__file__).parents[1] / "scripts"
    code = f"""
import logging, sys
sys.path.insert(0, {str(scripts)!r})
import _command
from horses_scrapy.errors import StoreError
def body(settings, arguments):
    logging.info("settings %s and %r", settings, settings.smtp.password.get_secret_value())
    try:
        raise OSError(settings.system.database_url.get_secret_value())
    except OSError:
        logging.exception("lost")
    raise StoreError(f"cannot connect to {{settings.system.database_url.get_secret_value()}}")
sys.exit(_command.run("x", _command.parser("x"), body, ["--config", {str(tmp_path / "config" / "config.yaml")!r}]))
"""
    environ = {"SMTP_PASSWORD": SMTP_SECRET, "SCRAPYD_PASSWORD": SCRAPYD_SECRET, "HORSES_DATABASE_URL": URL_SECRET}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    files = [path.read_text(encoding="utf-8") for path in (tmp_path / "logs").glob("x_*.log")]
    assert len(files) == 2, "everything, and the errors"
    written = ended.stdout + ended.stderr + "".join(files)
    assert (ended.returncode, ended.stderr) == (1, "error: cannot connect to <secret>\n")
    assert "planted" not in written
    assert "OSError: <secret>" in written
