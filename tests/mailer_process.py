"""scripts/mailer.py as a process of its own, forked from one that has its imports done: a start takes no second then."""

import multiprocessing
import os
import runpy
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "mailer.py"


class MailerProcess:
    """told: the file that takes what it prints."""

    def __init__(self, arguments, environment, told):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["alerts.post_office", "horses_scrapy.logs", "horses_scrapy.storage.migrate"])
        self._told = told
        told.touch(0o600)
        self._process = context.Process(target=_script, args=(list(arguments), environment, str(told)))
        self._process.start()

    @property
    def pid(self):
        return self._process.pid

    def told(self):
        return self._told.read_text()

    def poll(self):
        return self._process.exitcode

    def wait(self, seconds):
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def stop(self):
        """SIGTERM, and no longer than it takes."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait(20)

    def close(self):
        if self.poll() is None:
            self.kill()
        self._process.join()


def _script(arguments, environment, told):
    descriptor = os.open(told, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(SCRIPT), *arguments]
    sys.path.insert(0, str(SCRIPT.parent))
    runpy.run_path(str(SCRIPT), run_name="__main__")
