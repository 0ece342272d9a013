"""What every script shares: exit codes, flags over files, and --help that works without a configuration."""

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from horses_scrapy import errors

PROJECT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (PROJECT / "scripts").glob("*.py") if not path.name.startswith("_"))


@pytest.fixture(scope="module")
def command():
    spec = importlib.util.spec_from_file_location("_command", PROJECT / "scripts" / "_command.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """No variable of the developer's, and the root logger as it was."""
    for name in [name for name in os.environ if name.startswith(("HORSES_", "LOG_", "DB_", "SMTP_", "EMAIL_"))]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def config_file(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "tracks.yaml").touch()
    file = folder / "config.yaml"
    file.write_text("logging: {dir: '-', level: WARNING}\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_explains_itself(script, tmp_path):
    """In an empty folder and with a broken configuration: help must not need one."""
    environ = {**os.environ, "HORSES_CONFIG": str(tmp_path / "absent.yaml"), "COLUMNS": "120"}
    ended = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("usage: ")
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [0, 1, 4])
def test_the_exit_code_is_the_bodys(command, config_file, code):
    assert (
        command.run("x", command.parser("x"), lambda _settings, _arguments: code, ["--config", str(config_file)])
        == code
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.HorsesError("no such thing"), 1),
        (errors.StoreBusy("held by 42"), 1),
        (errors.ConfigError("config.yaml:3: x\nconfig.yaml:4: y"), 2),
        (errors.AlreadyRunning("pid 42"), 3),
        (errors.Unhealthy("freshness"), 5),
    ],
)
def test_an_error_of_ours_is_one_text_on_stderr_and_its_exit_code(command, config_file, capsys, error, code):
    def body(_settings, _arguments):
        raise error

    assert command.run("x", command.parser("x"), body, ["--config", str(config_file)]) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_defect_is_not_dressed_up_as_an_error_of_ours(command, config_file):
    def body(_settings, _arguments):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command.run("x", command.parser("x"), body, ["--config", str(config_file)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "config.yaml: there is no such file"),
        ("smtp: {prot: 1}", "config.yaml:1: smtp.prot: unknown key; did you mean port?"),
        ("a: [", "config.yaml:1: not YAML"),
    ],
)
def test_a_configuration_that_cannot_be_used_ends_2_before_anything_starts(command, config_file, capsys, text, says):
    if text is None:
        config_file.unlink()
    else:
        config_file.write_text(text, encoding="utf-8")
    started = []
    assert command.run("x", command.parser("x"), started.append, ["--config", str(config_file)]) == 2
    assert says in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("argv", [["--log-level", "LOUD"], ["--no-such-flag"], ["stray"]])
def test_a_wrong_flag_ends_2(command, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        command.run("x", command.parser("x"), lambda _settings, _arguments: 0, argv)
    assert caught.value.code == errors.USAGE
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_the_log_level_flag_beats_environment_and_file(command, config_file, monkeypatch, level):
    monkeypatch.setenv("LOG_LEVEL", "WARNING" if level != "WARNING" else "ERROR")
    seen = []

    def body(settings, _arguments):
        seen.append(settings.logging.level)
        return 0

    command.run("x", command.parser("x"), body, ["--config", str(config_file), "--log-level", level])
    command.run("x", command.parser("x"), body, ["--config", str(config_file)])
    assert seen == [level, os.environ["LOG_LEVEL"]]


def test_the_configuration_of_the_environment_is_used_without_a_flag(command, config_file, monkeypatch):
    monkeypatch.setenv("HORSES_CONFIG", str(config_file))
    found = []
    assert (
        command.run("x", command.parser("x"), lambda settings, _arguments: found.append(settings.config_file) or 0, [])
        == 0
    )
    assert found == [config_file]


def test_logging_is_set_up_before_the_body_runs(command, config_file, capsys):
    def body(_settings, _arguments):
        logging.getLogger("horses").warning("started")
        return 0

    command.run("x", command.parser("x"), body, ["--config", str(config_file)])
    assert capsys.readouterr().out == "WARNING - started\n"
