"""scrapyd's HTTP API. It answers its errors with HTTP 200, and forgets what ran when it is killed: see ScrapydRefused."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from horses_scrapy.errors import ScrapydError

LIST_SPIDERS_TIMEOUT = 60.0
"""Real seconds: the first listspiders of a daemon runs `scrapy list` and blocks all its other answers meanwhile."""


class ScrapydDown(ScrapydError):
    """No answer: nothing is known about what was asked for. Ask again later."""


class ScrapydRefused(ScrapydError):
    """It answered, and said no: 401, an error status, or something that is not scrapyd's JSON."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What scrapyd knows of one project's jobs: job id -> spider."""

    pending: Mapping[str, str]
    running: Mapping[str, str]
    finished: Mapping[str, str]

    def knows(self, job_id: str) -> bool:
        return job_id in self.pending or job_id in self.running or job_id in self.finished

    @property
    def active_spiders(self) -> frozenset[str]:
        return frozenset(self.pending.values()) | frozenset(self.running.values())


class ScrapydClient:
    """One project at one scrapyd. `timeout` is in real seconds, to connect and between two parts of an answer."""

    def __init__(self, url: str, username: str, password: str, project: str, timeout: float) -> None:
        self.url = url.rstrip("/")
        self.project = project
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between us and loopback, no other password out of a .netrc
        if password:
            self._session.auth = (username, password)

    def daemonstatus(self, timeout: float | None = None) -> dict[str, Any]:
        return self._ask("GET", "daemonstatus.json", {}, **({} if timeout is None else {"timeout": timeout}))

    def schedule(self, spider: str, job_id: str, priority: float, arguments: Mapping[str, str]) -> None:
        """Queue one job; pending jobs of a higher priority start first. Arguments show in `ps`: no secrets.

        Raises ScrapydDown when it is not known whether the job was taken, ScrapydRefused when it was not.
        """
        job = {"project": self.project, "spider": spider, "jobid": job_id, "priority": f"{priority:.3f}"}
        self._ask("POST", "schedule.json", {**arguments, **job})

    def listjobs(self) -> Jobs:
        answer = self._ask("GET", "listjobs.json", {"project": self.project})
        try:
            return Jobs(
                *({job["id"]: job["spider"] for job in answer[part]} for part in ("pending", "running", "finished"))
            )
        except (KeyError, TypeError) as error:
            raise self._refused("listjobs.json", f"an answer without {error}") from error

    def listspiders(self) -> frozenset[str]:
        answer = self._ask("GET", "listspiders.json", {"project": self.project}, timeout=LIST_SPIDERS_TIMEOUT)
        return frozenset(answer.get("spiders", ()))

    def cancel(self, job_id: str, *, kill: bool = False) -> str | None:
        """Ask a job to stop; a second time forces it. Where the job was: `pending`, `running`, or None: unknown."""
        how = {"signal": "KILL"} if kill else {}
        answer = self._ask("POST", "cancel.json", {"project": self.project, "job": job_id, **how})
        state: str | None = answer.get("prevstate")
        return state

    def is_open(self) -> bool:
        """Whether it also answers without a password: then any page in a browser here could run code through it."""
        response = self._send("GET", "daemonstatus.json", {}, auth=lambda request: request)
        return response.status_code != HTTPStatus.UNAUTHORIZED

    def _ask(self, method: str, path: str, values: Mapping[str, str], **options: Any) -> dict[str, Any]:
        response = self._send(method, path, values, **options)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise self._refused(
                path, "401: its password is not ours; set the same SCRAPYD_PASSWORD for both and restart"
            )
        try:
            answer = response.json()
        except requests.exceptions.JSONDecodeError as error:
            raise self._refused(path, f"HTTP {response.status_code} without JSON: is this scrapyd?") from error
        if not isinstance(answer, dict) or answer.get("status") != "ok":
            raise self._refused(path, _reason(answer, response.status_code))
        return answer

    def _send(self, method: str, path: str, values: Mapping[str, str], **options: Any) -> requests.Response:
        body = {"params" if method == "GET" else "data": values}
        options = {"timeout": self._timeout, "allow_redirects": False, **body, **options}
        try:
            return self._session.request(method, f"{self.url}/{path}", **options)
        except requests.exceptions.RequestException as error:
            raise ScrapydDown(f"scrapyd at {self.url}: {_why(error)} ({path}): is it running?") from error

    def _refused(self, path: str, why: str) -> ScrapydRefused:
        return ScrapydRefused(f"scrapyd at {self.url} ({path}): {why}")


def _why(error: requests.exceptions.RequestException) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.exceptions.ConnectionError) else type(error).__name__


def _reason(answer: object, status: int) -> str:
    message = str(answer.get("message") if isinstance(answer, dict) else answer)[
        -500:
    ]  # a traceback ends with its cause
    hint = "; a spider added later is seen only after scrapyd restarts" if "not found" in message else ""
    return f"HTTP {status}: {message}{hint}"
