"""Several scrapyds that share one queue, asked as one. A node that does not answer is left alone for a while."""

import logging
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ScrapydError
from horses_scrapy.health.scrapyd import Jobs, ScrapydClient, ScrapydDown, ScrapydRefused

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_WAIT_MS = 1000
LONGEST_WAIT_MS = 30_000
PROBE_TIMEOUT = 1.0
"""Real seconds: a node that hangs costs a look no more than this once it is known to."""


class Node:
    """One scrapyd behind a breaker: after a failure it is asked again in 1, 2, 4 .. 30 s, and briefly at first."""

    def __init__(
        self, client: ScrapydClient, longest_ms: int = LONGEST_WAIT_MS, now: Callable[[], int] = Clock.monotonic_ms
    ) -> None:
        self.client = client
        self._longest, self._now = longest_ms, now
        self._failures = 0
        self._again_at = 0
        self.why: ScrapydError | None = None

    @property
    def away(self) -> bool:
        return self.why is not None

    def ask(self, question: Callable[[ScrapydClient], Answer]) -> Answer:
        """Raises ScrapydDown, at once while it is left alone."""
        if self.why is not None and self._now() < self._again_at:
            raise self.why
        try:
            if self.why is not None:
                self.client.daemonstatus(PROBE_TIMEOUT)
            answer = question(self.client)
        except ScrapydDown as error:
            self.leave(error)
            raise
        self._failures, self.why = 0, None
        return answer

    def leave(self, error: ScrapydError) -> None:
        """Alone for a while, longer each time."""
        wait = min(FIRST_WAIT_MS << min(self._failures, 10), self._longest)
        self._failures += 1
        self._again_at = self._now() + wait
        self.why = error


class Nodes:
    """What ScrapydClient does, by all nodes. Raises ScrapydError only where none answers as it should."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    @property
    def url(self) -> str:
        return ", ".join(node.client.url for node in self._nodes)

    def daemonstatus(self) -> dict[str, Any]:
        """The first's, with the jobs that run on any of them."""
        answers = self._all(ScrapydClient.daemonstatus)
        return {**answers[0], "running": sum(answer.get("running", 0) for answer in answers)}

    def listjobs(self) -> Jobs:
        """Waiting jobs are the same on all of them, the others each node's own."""
        found = self._all(ScrapydClient.listjobs)
        parts = ([getattr(jobs, part) for jobs in found] for part in ("pending", "running", "finished"))
        return Jobs(*(dict(ChainMap(*part)) for part in parts))

    def listspiders(self) -> frozenset[str]:
        """Those that every node has: any of them may get the job."""
        return frozenset.intersection(*self._all(ScrapydClient.listspiders))

    def is_open(self) -> bool:
        return any(self._all(ScrapydClient.is_open))

    def schedule(self, spider: str, job_id: str, priority: float, arguments: Mapping[str, str]) -> None:
        """By the first node that takes it. One that took it and did not say so makes it run twice, and count once."""
        errors: list[ScrapydError] = []
        for node in self._nodes:
            try:
                node.ask(lambda client: client.schedule(spider, job_id, priority, arguments))
            except ScrapydError as error:
                errors.append(error)
            else:
                return
        raise _joined(errors)

    def cancel(self, job_id: str, *, kill: bool = False) -> str | None:
        """Asks each, since only one knows what it runs. None: no node that answers knows the job."""
        states = self._all(lambda client: client.cancel(job_id, kill=kill))
        return next((state for state in states if state is not None), None)

    def _all(self, question: Callable[[ScrapydClient], Answer]) -> list[Answer]:
        """The answers there are, at least one."""
        answers: list[Answer] = []
        errors: list[ScrapydError] = []
        for node in self._nodes:
            was_away = node.away
            try:
                answers.append(node.ask(question))
            except ScrapydError as error:
                errors.append(error)
                self._leave(node, error)
            self._tell(node, was_away)
        if not answers:
            raise _joined(errors)
        return answers

    def _leave(self, node: Node, error: ScrapydError) -> None:
        """A node that refuses what the others answer is as good as away; the only one is asked each time."""
        if len(self._nodes) > 1 and isinstance(error, ScrapydRefused) and not node.away:
            node.leave(error)

    def _tell(self, node: Node, was_away: bool) -> None:
        """Of one scrapyd alone the scheduler itself says more."""
        if len(self._nodes) == 1 or node.away == was_away:
            return
        if node.why is not None:
            logger.warning("The other nodes take the jobs of this one: %s", node.why)
        else:
            logger.info("Node %s answers again", node.client.url)


def _joined(errors: Sequence[ScrapydError]) -> ScrapydError:
    """A refusal of any node is one of the job; else it is not known what became of it."""
    if len(errors) == 1:
        return errors[0]
    refused = [error for error in errors if isinstance(error, ScrapydRefused)]
    return ScrapydRefused(str(refused[0])) if refused else ScrapydDown("; ".join(map(str, errors)))
