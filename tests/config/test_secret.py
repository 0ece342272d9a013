"""Secrets that stand in a file or are printed by a command: read, never shown, and given once."""

import shlex
import sys

import pytest

from horses_scrapy.config import secret

URL = "postgresql://scott:planted@db/horses"


def printing(code):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


@pytest.mark.parametrize("layer", ["env", "environ"])
@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("SMTP_PASSWORD", ("smtp", "password")),
        ("SCRAPYD_PASSWORD", ("scrapyd", "password")),
        ("HORSES_SMTP__PASSWORD", ("smtp", "password")),
        ("PING_URL", ("scheduler", "ping_url")),
        ("HORSES_DATABASE_URL", ("system", "database_url")),
    ],
)
def test_a_secret_can_stand_in_a_file_or_come_from_a_command(house, name, where, layer):
    value = URL if name == "HORSES_DATABASE_URL" else "https://planted.example/x"
    (house.root / "kept").write_text(f"{value}\n", encoding="utf-8")
    for given in ({f"{name}_FILE": "kept"}, {f"{name}_COMMAND": "cat kept"}):
        text = "".join(f"{key}='{told}'\n" for key, told in given.items())
        settings = house.load(env=text) if layer == "env" else house.load(environ=given)
        assert getattr(getattr(settings, where[0]), where[1]).get_secret_value() == value


TRACKS_WITH_AUTH = """\
sources: {demo: {base_url: 'http://127.0.0.1:8321', auth: {password: DEMO_PASSWORD, app_key: DEMO_KEY}}}
tracks: {}
"""


def test_what_a_source_logs_in_with_can_stand_elsewhere_too(house):
    (house.root / "kept").write_text("planted", encoding="utf-8")
    environ = {"DEMO_PASSWORD_FILE": str(house.root / "kept"), "DEMO_KEY_COMMAND": printing("print('key')")}
    found = house.load(tracks=TRACKS_WITH_AUTH, environ=environ).credentials
    assert {name: value.get_secret_value() for name, value in found.items()} == {
        "DEMO_PASSWORD": "planted",
        "DEMO_KEY": "key",
    }


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"SMTP_PASSWORD_FILE": "absent"}, "SMTP_PASSWORD_FILE: absent: cannot be read: No such file or directory"),
        ({"SMTP_PASSWORD_FILE": "config"}, "SMTP_PASSWORD_FILE: config: cannot be read: Is a directory"),
        ({"SMTP_PASSWORD_FILE": "empty"}, "SMTP_PASSWORD_FILE: gave nothing"),
        ({"SMTP_PASSWORD_FILE": "binary"}, "SMTP_PASSWORD_FILE: gave something that is not UTF-8 text"),
        ({"SMTP_PASSWORD_FILE": "long"}, "SMTP_PASSWORD_FILE: long: larger than 65536 bytes"),
        ({"SMTP_PASSWORD_COMMAND": "no-such-command --x"}, "SMTP_PASSWORD_COMMAND: the command no-such-command cannot be run: No such file"),
        ({"SMTP_PASSWORD_COMMAND": "'unbalanced"}, "SMTP_PASSWORD_COMMAND: the command is not well quoted"),
        ({"SMTP_PASSWORD_COMMAND": printing("import sys; print('planted'); sys.exit('planted')")}, "SMTP_PASSWORD_COMMAND: the command ended with exit status 1"),
        ({"SMTP_PASSWORD_COMMAND": printing("")}, "SMTP_PASSWORD_COMMAND: gave nothing"),
        ({"SMTP_PASSWORD_COMMAND": printing("import time; time.sleep(60)")}, "SMTP_PASSWORD_COMMAND: the command did not end within 0.2 s"),
        ({"SMTP_PASSWORD": "planted", "SMTP_PASSWORD_FILE": "x"}, "SMTP_PASSWORD: SMTP_PASSWORD is given by SMTP_PASSWORD_FILE too; keep one of them"),
        ({"HORSES_SMTP__PASSWROD_FILE": "x"}, "HORSES_SMTP__PASSWROD_FILE: sets nothing; did you mean HORSES_SMTP__PASSWORD_FILE?"),
    ],
)  # fmt: skip
def test_a_secret_that_cannot_be_had_is_a_fault_that_repeats_nothing(house, monkeypatch, told, fault):
    monkeypatch.setattr(secret, "TIMEOUT", 0.2 if "sleep" in str(told) else 10)
    (house.root / "empty").touch()
    (house.root / "binary").write_bytes(b"\xff")
    (house.root / "long").write_bytes(b"x" * 65_537)
    found = house.refusal(environ=told)
    assert found[0].startswith(fault)
    assert "planted" not in "".join(found)


def test_given_twice_in_two_places_is_a_fault_too(house):
    found = house.refusal(env="SMTP_PASSWORD=planted\n", environ={"SMTP_PASSWORD_COMMAND": printing("print('x')")})
    assert found == [".env:1: SMTP_PASSWORD: SMTP_PASSWORD is given by SMTP_PASSWORD_COMMAND too; keep one of them"]


def test_a_command_is_no_shell_and_cannot_read_our_terminal(house):
    code = "import sys; print(sys.argv[1:], sys.stdin.read() == '')"
    settings = house.load(environ={"SMTP_PASSWORD_COMMAND": printing(code) + " $HOME '; touch pwned' | cat"})
    assert settings.smtp.password.get_secret_value() == "['$HOME', '; touch pwned', '|', 'cat'] True"
    assert not (house.root / "pwned").exists()
