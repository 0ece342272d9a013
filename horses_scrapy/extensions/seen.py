"""What a crawl saw: of the round that is under way, and of all its rounds together. Pure: instants are given."""

from collections import Counter
from dataclasses import dataclass, field

from horses_scrapy.extensions.outcome import Outcome, worst
from horses_scrapy.storage.host_use import MINUTE_MS
from horses_scrapy.storage.slots import Stages


@dataclass(slots=True)
class RoundSeen:
    """`*_mono`: real milliseconds since boot, of the first request, its first answer, and the first board that was stored."""

    items: int = 0
    problems: list[Outcome] = field(default_factory=list)
    used: Counter[tuple[str, int]] = field(default_factory=Counter)
    requested_mono: int | None = None
    responded_mono: int | None = None
    committed_mono: int | None = None

    @property
    def stages(self) -> Stages:
        return Stages(
            requested_mono=self.requested_mono, responded_mono=self.responded_mono, committed_mono=self.committed_mono
        )


@dataclass(slots=True)
class Seen:
    """`ends`: how each round ended."""

    items: int = 0
    boards: int = 0
    rejected: int = 0
    errors: int = 0
    answered: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    first_request_mono: int | None = None
    committed_mono: int | None = None
    ends: list[Outcome] = field(default_factory=list)
    now: RoundSeen = field(default_factory=RoundSeen)

    def request(self, host: str, at_ms: int, mono: int) -> None:
        self.requests[host] += 1
        self.now.used[host, at_ms - at_ms % MINUTE_MS] += 1
        if self.now.requested_mono is None:
            self.now.requested_mono = mono
        if self.first_request_mono is None:
            self.first_request_mono = mono

    def answer(self, mono: int, *, good: bool) -> None:
        self.answered += good
        if self.now.responded_mono is None:
            self.now.responded_mono = mono

    def item(self) -> None:
        self.items += 1
        self.now.items += 1

    def board(self, mono: int) -> None:
        self.boards += 1
        if self.now.committed_mono is None:
            self.now.committed_mono = mono
        if self.committed_mono is None:
            self.committed_mono = mono

    def problem(self, problem: Outcome) -> None:
        self.now.problems.append(problem)

    def error(self, problem: Outcome) -> None:
        self.errors += 1
        self.problem(problem)

    def close_round(self) -> tuple[Outcome, RoundSeen]:
        """How the round ended, and what it did; the next one begins with nothing."""
        done, self.now = self.now, RoundSeen()
        end = worst(done.problems)
        self.ends.append(end)
        return end, done
