"""scripts/alertctl.py: its commands take what their help says, and end as every script does."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "scripts" / "alertctl.py"
COMMANDS = [
    ["check"], ["explain"], ["replay"], ["silence"], ["silence", "add"], ["silence", "list"], ["silence", "expire"],
    ["watchlist"], ["watchlist", "add"], ["watchlist", "list"], ["watchlist", "remove"], ["test-mail"], ["outbox"],
    ["outbox", "list"], ["outbox", "retry"],
]  # fmt: skip


@pytest.fixture(scope="module")
def parser():
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        spec = importlib.util.spec_from_file_location("alertctl", SCRIPT)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module._parser()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(parser, command, capsys):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([*command, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {Path(sys.argv[0]).name} {' '.join(command)}")


@pytest.mark.parametrize(
    "line",
    [
        "", "silence", "explain --track GP", "explain --track GP --race one", "replay", "replay --date tomorrow",
        "silence add --match track=GP --by A --comment x", "silence add --for 2h --by A --comment x",
        "silence add --match track=GP --for 2h --until 18:00 --by A --comment x", "silence add --match track=GP --for 2h",
        "silence expire x", "watchlist add mine", "outbox list --state lost", "outbox retry 1 --dead", "test-mail",
    ],
)  # fmt: skip
def test_a_wrong_line_ends_2(parser, line, capsys):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(line.split())
    assert caught.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "check", "check my.yaml", "explain --track GP --race 7 --program 1A --date 2026-05-02 --rule short",
        "replay --date 2026-05-02 --track GP --rules my.yaml --each --against-live",
        "silence add --match track=GP --match race=3 --for 2h --by A --comment x", "silence list --all", "silence expire 3",
        "watchlist add mine horse=Dancer track=GP --by A", "watchlist list", "watchlist list mine",
        "watchlist remove mine horse=Dancer", "test-mail you@example.com", "outbox list --state dead", "outbox retry 1 2",
        "outbox retry --dead",
    ],
)  # fmt: skip
def test_a_right_line_names_what_to_do(parser, line):
    assert callable(parser.parse_args(line.split()).act)


def alertctl(home, *line):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "EMAIL_", "SMTP_"))}
    config = ["--config", str(home / "config" / "config.yaml")]
    return subprocess.run(
        [sys.executable, SCRIPT, *config, *line], env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_script_itself_reads_the_rules_and_names_a_missing_database(tmp_path):
    (tmp_path / "config").mkdir()
    for name, text in (
        ("config.yaml", "logging: {dir: '-'}\nsmtp: {recipients: you@example.com}\n"),
        ("tracks.yaml", ""),
        ("alerts.yaml", "rules: [{name: out, kind: scratched}]\n"),
    ):
        (tmp_path / "config" / name).write_text(text, encoding="utf-8")
    checked = alertctl(tmp_path, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines()[-1] == "  recipients: you@example.com"
    looked = alertctl(tmp_path, "outbox", "list")
    assert looked.returncode == 2
    assert looked.stderr.startswith("error: ")
    assert "there is no database" in looked.stderr
    assert not (tmp_path / "data").exists()
