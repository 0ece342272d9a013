"""What goes wrong, and when, on the card of `scripts/demo --every-rule`: so that rules about ourselves have their say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

FAULTS = "/_faults"
TIMEOUT = 5


@dataclass(frozen=True, slots=True)
class Mishap:
    """`after` seconds of the demo's clock from the start of the card."""

    after: int
    text: str
    happen: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Stage:
    """What can be made to misbehave: the tote's site, the mail server, and scrapyd."""

    tote: str
    stop_mail: Callable[[], None]
    start_mail: Callable[[], None]
    stop_scrapyd: Callable[[], None]
    start_scrapyd: Callable[[], None]

    def site(self, *rules: dict[str, Any]) -> None:
        """Put these fault rules of the synthetic site in force; none: it behaves again."""
        requests.post(f"{self.tote}{FAULTS}", json=list(rules), timeout=TIMEOUT).raise_for_status()

    def mishaps(self) -> Sequence[Mishap]:
        """For a card whose first post stands 420 s after the start, the others 300 s apart."""
        return (
            Mishap(150, "the mail server stops", self.stop_mail),
            Mishap(230, "exacta probables stand still", lambda: self.site(_on("exacta", "frozen"))),
            Mishap(290, "the mail server is back", self.start_mail),
            Mishap(350, "the site behaves again", self.site),
            Mishap(760, "odds pages are garbage", lambda: self.site(_on("odds", "html_garbage"))),
            Mishap(960, "exacta pages are garbage", lambda: self.site(_on("exacta", "html_garbage"))),
            Mishap(1090, "the site behaves again", self.site),
            Mishap(1100, "scrapyd stops", self.stop_scrapyd),
            Mishap(1160, "scrapyd is started again", self.start_scrapyd),
        )


def _on(page: str, kind: str) -> dict[str, Any]:
    return {"path": f"/race/*/{page}", "kind": kind}
