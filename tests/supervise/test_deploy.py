"""deploy/ and Procfile: whatever they name exists, and says what the configuration says. No container engine runs here."""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from horses_scrapy import config
from horses_scrapy.health.report import CHECKS
from horses_scrapy.web import service as board_service

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
RENDER = [yaml.safe_load((DEPLOY / name).read_text()) for name in ("render.yaml", "render-once.yaml")]
SETTINGS = config.load(ROOT / "config" / "config.yaml", environ={})
VALUED = {"--wait", "--check", "--update"}


def _exec_start(unit):
    return re.search(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)[1]


def _commands():
    """Every command line of ours, by where it stands."""
    for unit in UNITS:
        yield unit.name, _exec_start(unit)
    for line in (ROOT / "Procfile").read_text().splitlines():
        yield f"Procfile {line.split(':')[0]}", line.partition(": ")[2]
    for name, service in COMPOSE["services"].items():
        if name != "postgres":
            yield f"compose {name}", shlex.join(service["command"])
            if name != "board":  # its health is asked over HTTP
                yield f"compose {name} health", shlex.join(service["healthcheck"]["test"][1:])
    for number, whole in enumerate(RENDER):
        for service in whole["services"]:
            yield f"render {number} {service['name']}", service["startCommand"]
    for name, text in re.findall(
        r"^\s*(CMD|HEALTHCHECK.*\n\s*CMD) (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE
    ):
        yield f"Dockerfile {name.split()[0]}", shlex.join(yaml.safe_load(text))


COMMANDS = dict(_commands())


@functools.cache
def _help(script):
    told = subprocess.run(
        [sys.executable, ROOT / script, "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    )
    return told.stdout


def test_all_of_them_are_looked_at():
    assert len(UNITS) == 4
    assert len(COMMANDS) == 4 + 4 + 7 + 10 + 2


@pytest.mark.parametrize("where", COMMANDS)
def test_a_command_names_what_exists(where):
    words = shlex.split(COMMANDS[where])
    if words[0] == "deploy/with_scrapyd":
        assert os.access(ROOT / words.pop(0), os.X_OK)
    assert Path(words[0]).name == "python"
    assert (ROOT / words[1]).is_file()
    options = [word for word in words[2:] if word.startswith("--")]
    assert all(re.search(rf"{option}\b", _help(words[1])) for option in options)
    assert {words[i + 1] for i, word in enumerate(words) if word == "--check"} <= set(CHECKS)
    assert len(words) == 2 + len(options) + sum(word in VALUED for word in options)


# --- systemd ------------------------------------------------------------------------------------------------------------


def _here(folder):
    """The units as if the project's folder were the one they name."""
    for unit in (DEPLOY / "systemd").iterdir():
        (folder / unit.name).write_text(unit.read_text().replace("/opt/horses_scrapy", str(ROOT)))
    return sorted(folder.iterdir())


@pytest.fixture
def analyze():
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here")
    return lambda *words: subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60)


def test_systemd_has_nothing_to_say(analyze, tmp_path):
    told = analyze("verify", *map(str, _here(tmp_path)))
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS])
def test_exposure_is_low(analyze, tmp_path, unit):
    _here(tmp_path)
    told = analyze("security", "--offline=true", "--no-pager", str(tmp_path / unit))
    assert float(re.search(r"Overall exposure level for .*: ([0-9.]+)", told.stdout)[1]) <= 1.3


def _seconds(unit, key):
    return float(
        re.search(rf"^{key}=(\d+)$", (DEPLOY / "systemd" / f"horses-{unit}.service").read_text(), re.MULTILINE)[1]
    )


def test_the_units_wait_as_long_as_the_processes_may_take():
    assert _seconds("scheduler", "WatchdogSec") > 2 * SETTINGS.scheduler.tick
    assert _seconds("scheduler", "TimeoutStopSec") > SETTINGS.scheduler.shutdown_timeout
    assert _seconds("scheduler", "TimeoutStartSec") > float(COMMANDS["horses-scheduler.service"].split()[-1])
    assert _seconds("board", "WatchdogSec") > 2 * board_service.WATCHDOG_S
    assert _seconds("board", "TimeoutStopSec") > board_service.KILLED_AFTER_S
    assert _seconds("board", "TimeoutStartSec") > float(COMMANDS["horses-board.service"].split()[-1])
    assert _seconds("mailer", "TimeoutStopSec") > SETTINGS.smtp.total_timeout
    assert _seconds("mailer", "WatchdogSec") > SETTINGS.smtp.total_timeout


def test_the_target_starts_every_unit():
    wanted = re.search(r"^Wants=(.*)$", (DEPLOY / "systemd" / "horses.target").read_text(), re.MULTILINE)[1].split()
    assert sorted(wanted) == [unit.name for unit in UNITS]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_again_for_ever_and_takes_its_children_with_it(unit):
    text = unit.read_text()
    for line in ("Restart=always", "RestartSec=2", "StartLimitIntervalSec=0", "ReadWritePaths=/opt/horses_scrapy/data"):
        assert line in text.splitlines()
    assert "KillMode=" not in text or "KillMode=control-group" in text
    assert "PASSWORD" not in text


# --- Containers ---------------------------------------------------------------------------------------------------------


def test_the_image_copies_what_exists_and_nothing_secret():
    text = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) \S+$", text, re.MULTILINE)
    shown = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in shown if line.startswith("!")} == set(copied)
    assert shown[0] == "*"
    assert all((ROOT / name).exists() for name in copied)
    assert {"alerts", "config", "horses_scrapy", "scripts", "scrapy.cfg"} <= set(copied)
    assert text.index("USER horses") > text.index("VOLUME /data") > 0


def test_compose_is_whole():
    services = COMPOSE["services"]
    assert services["scheduler"]["network_mode"] == "service:scrapyd"
    assert (DEPLOY / services["mailer"]["build"]["context"] / services["mailer"]["build"]["dockerfile"]).is_file()
    for name, service in services.items():
        assert "healthcheck" in service, name
        assert service["restart"] == "unless-stopped"
        assert ("ports" in service) == (name == "board")
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists()
    assert float(services["mailer"]["stop_grace_period"].rstrip("s")) > SETTINGS.smtp.total_timeout


def test_the_board_in_a_container_is_reached_through_the_host_alone_and_asked_where_it_listens():
    board = COMPOSE["services"]["board"]
    port = board["environment"]["API_PORT"]
    assert board["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert board["environment"]["HORSES_API__HOST"] == "0.0.0.0"
    code = board["healthcheck"]["test"][-1]
    assert f"127.0.0.1:{port}/healthz" in code
    compile(code, "healthcheck", "exec")
    given = board["environment"] | {"API_KEY": "k" * 20}
    assert config.load(ROOT / "config" / "config.yaml", environ=given).api.port == int(port)


def test_render_s_board_listens_where_render_looks():
    (group,) = RENDER[0]["envVarGroups"]
    told = {variable["key"]: variable.get("value") for variable in group["envVars"]}
    assert told["PORT"] == told["API_PORT"]
    assert told["HORSES_API__HOST"] == "0.0.0.0"
    for whole in RENDER:
        (web,) = [service for service in whole["services"] if service["type"] == "web"]
        assert web["healthCheckPath"] == "/healthz"


def test_render_runs_each_update_when_the_configuration_says():
    told = {
        service["startCommand"].split("--update ")[1].split()[0]: service["schedule"]
        for service in RENDER[0]["services"]
        if "--update" in service["startCommand"]
    }
    assert told == {name: getattr(SETTINGS.updates, name).cron for name in type(SETTINGS.updates).model_fields}


def test_render_s_groups_are_the_same_and_hold_no_secret():
    assert RENDER[0]["envVarGroups"] == RENDER[1]["envVarGroups"]
    (group,) = RENDER[0]["envVarGroups"]
    for variable in group["envVars"]:
        secret = re.search("PASSWORD|URL|USERNAME|EMAIL|KEY", variable["key"])
        assert ("value" in variable) != bool(secret)
    for whole in RENDER:
        assert all(service["envVars"] == [{"fromGroup": group["name"]}] for service in whole["services"])


# --- deploy/with_scrapyd ------------------------------------------------------------------------------------------------


def test_a_command_with_a_scrapyd_beside_it(tmp_path):
    stub = tmp_path / "python"
    stub.write_text(f"#!/bin/sh\necho $$ $1 >> {tmp_path}/told\nexec sleep 60\n")
    stub.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = f"while [ ! -s {tmp_path}/told ]; do sleep 0.05; done; exit 4"
    done = subprocess.run([DEPLOY / "with_scrapyd", "sh", "-c", script], env=environ, timeout=30, check=False)
    assert done.returncode == 4
    pid, started = (tmp_path / "told").read_text().split()
    assert started == "scripts/run_scrapyd.py"
    assert not Path(f"/proc/{pid}").exists()
