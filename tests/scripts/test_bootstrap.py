"""scripts/bootstrap installs a browser where it can, says so where it cannot, and never fails or waits for a password."""

import shutil
import subprocess
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "scripts/bootstrap"
INSTALLING = "installing Chromium, once (its log: .venv/browser.log) ..."
MISSING = "no Chromium: browser tests are skipped; install the package chromium"


class Machine:
    """A machine whose programs are ours. Its Python finds a browser once there is a file `there`."""

    def __init__(self, home):
        self.home, self.bin = home, home / "bin"
        for folder in ("scripts", ".venv/bin", "bin"):
            (home / folder).mkdir(parents=True)
        shutil.copy(BOOTSTRAP, home / "scripts/bootstrap")
        for name in ("bash", "dirname", "touch"):
            (self.bin / name).symlink_to(shutil.which(name))
        self.has("timeout", 'shift 3; exec "$@"')
        self.has("id", "echo 1000")
        self.has("python", f"[[ -f {home / 'there'} ]]", ".venv/bin")

    def has(self, name, does, folder="bin"):
        path = self.home / folder / name
        path.write_text(f"#!{shutil.which('bash')}\n{does}\n")
        path.chmod(0o755)

    def installs(self, name, does, folder="bin"):
        """A program that leaves a trace, and then does something."""
        self.has(name, f'echo "{name} $*" >>{self.home / "calls"}; {does}', folder)

    def run(self):
        script = ["bash", "-c", "source scripts/bootstrap; browser; echo and on"]
        told = {"PATH": str(self.bin), "HOME": str(self.home)}
        done = subprocess.run(script, cwd=self.home, env=told, capture_output=True, text=True, timeout=20, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        *said, last = done.stdout.splitlines()
        assert last == "and on"
        return said

    def calls(self):
        log = self.home / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_a_machine_that_has_one_is_left_alone(machine):
    machine.has("id", "echo 0")
    machine.installs("apt-get", "")
    (machine.home / "there").touch()
    assert machine.run() == []
    assert machine.calls() == []


def test_root_installs_the_package(machine):
    machine.has("id", "echo 0")
    machine.installs("apt-get", f"[[ $* != *install* ]] || touch {machine.home / 'there'}")
    assert machine.run() == [INSTALLING]
    update, install = machine.calls()
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends chromium")
    assert machine.run() == []


def test_who_is_not_root_lets_playwright_download_and_is_never_asked_for_a_password(machine):
    machine.installs("sudo", "")
    machine.installs("apt-get", "")
    machine.installs("playwright", f"touch {machine.home / 'there'}", ".venv/bin")
    assert machine.run() == [INSTALLING]
    assert machine.calls() == ["playwright install --only-shell chromium"]


def test_where_nothing_can_be_had_that_is_said_in_one_line_and_not_tried_again(machine):
    machine.has("id", "echo 0")
    machine.installs("apt-get", "exit 100")
    machine.installs("playwright", "exit 1", ".venv/bin")
    first, second = machine.run(), machine.run()
    assert first == [INSTALLING, *second]
    assert [line.startswith(MISSING) for line in second] == [True]
    assert len(machine.calls()) == 2


def test_a_program_that_succeeds_without_installing_is_not_believed(machine):
    machine.installs("playwright", "", ".venv/bin")
    assert [line[:11] for line in machine.run()] == ["installing ", "no Chromium"]
