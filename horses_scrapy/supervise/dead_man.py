"""A dead-man switch: a URL that is asked once a minute while all is well. What watches it raises an alarm when we fall silent.

It sees what nothing on this machine can tell: that the machine is gone.
"""

import logging
import threading
import time
from urllib.parse import urlsplit

import requests

logger = logging.getLogger(__name__)

PLACE = "{process}"
"""In the URL, the name of the process stands here: a switch for each."""
EVERY_S = 60.0
TIMEOUT_S = 2.0


class DeadMan:
    """Of one process. An empty URL asks nobody. The path may be a secret: no message shows it."""

    def __init__(self, url: str, process: str = "scheduler", every: float = EVERY_S) -> None:
        self._url = url.replace(PLACE, process)
        self._every = every
        self._asked: dict[str, float] = {}  # what was told -> when, by the monotonic clock
        self._under_way: threading.Thread | None = None
        self._silent = False

    def well(self) -> None:
        """Ask the URL, at most once a minute. Returns at once and never raises: a failure is logged once."""
        self._tell("")

    def failed(self) -> None:
        """Ask `<URL>/fail`, at most once a minute: an alarm now, not only when the switch misses us."""
        self._tell("/fail")

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        busy = self._under_way is not None and self._under_way.is_alive()
        if not self._url or busy or now - self._asked.get(what, -self._every) < self._every:
            return
        self._asked[what] = now
        self._under_way = threading.Thread(target=self._ask, args=(self._url + what,), name="dead-man", daemon=True)
        self._under_way.start()

    def _ask(self, url: str) -> None:
        try:
            requests.get(url, timeout=TIMEOUT_S).raise_for_status()
        except (requests.exceptions.RequestException, ValueError) as error:
            self._log_once(error)
            return
        if self._silent:
            logger.info("The dead-man switch answers again")
        self._silent = False

    def _log_once(self, error: Exception) -> None:
        if not self._silent:
            where = urlsplit(self._url).hostname or "ping_url"
            answer = getattr(error, "response", None)
            why = type(error).__name__ if answer is None else f"HTTP {answer.status_code}"
            logger.error("The dead-man switch at %s was not told: %s. Tried every %.0f s", where, why, self._every)
        self._silent = True


def of_mailer(url: str) -> DeadMan:
    """The mailer has a switch only where each process has its own: one for two would hide which of them is dead."""
    return DeadMan(url if PLACE in url else "", "mailer")
