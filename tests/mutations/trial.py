"""2,000 seeded mutations of one source's saved answers, each read as a crawl would and judged against the truth."""

import re
import sys
from dataclasses import dataclass, field, replace

from crawling import ROOT
from judge import Truth, judge
from mutate import Mutation, mutations
from offline import SHIPPED
from scrapy.http import Request
from undetectable import UNDETECTABLE

from horses_scrapy.checks import Context, Runner, findings
from horses_scrapy.config import Track
from horses_scrapy.fixtures import Case, cases
from horses_scrapy.items import AnyItem, OddsItem, RaceItem
from horses_scrapy.offline import Read, pages
from horses_scrapy.pipelines.validate import Bounds, faults


@dataclass(slots=True)
class Tally:
    """Verdicts (judge.py) of the damage and of the harmless changes; wrong: what was stored though it is not so."""

    source: str
    damage: dict[str, int] = field(default_factory=dict)
    harmless: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return sum(self.damage.values()) + sum(self.harmless.values())

    @property
    def kept(self) -> float:
        """The share of harmless changes after which everything is stored, unflagged."""
        return self.harmless.get("equal", 0) / max(1, sum(self.harmless.values()))


@dataclass(frozen=True, slots=True)
class Saved:
    """One answer of a saved day, and what the whole day truly says."""

    case: Case
    name: str
    bodies: dict[str, bytes | None]
    truth: Truth
    contexts: dict[int, Context]

    def body(self) -> bytes:
        return self.bodies[self.name] or b""


def trial(source: str, count: int = 2000) -> Tally:
    saved = [one for case in cases(ROOT) if _is_of(case, source) for one in _answers(case)]
    tally = Tally(source)
    for seed in range(count):
        one = saved[seed % len(saved)]
        mutation = mutations(one.body(), seed)
        found = _read(one, mutation)
        verdict, words = judge(one.truth, found, _stored(found.items, one.case, one.contexts))
        if verdict == "wrong" and _undetectable(source, mutation):
            verdict = "undetectable"
        told = tally.harmless if mutation.harmless else tally.damage
        told[verdict] = told.get(verdict, 0) + 1
        if verdict == "wrong":
            tally.wrong.append(
                f"seed {seed}, {one.case.track}/{one.case.folder.name}: {mutation.kind} {mutation.path}: {words}"
            )
    return tally


def _is_of(case: Case, source: str) -> bool:
    """The first track's cases: those of its other tracks are copies."""
    first = next(track for track in SHIPPED.tracks.values() if track.source == source)
    return case.track == first.key and case.folder.name in {"one_race", "race_day"}


def _answers(case: Case) -> list[Saved]:
    bodies = case.bodies()
    items = case.read(SHIPPED).items
    contexts = _contexts(items, SHIPPED.tracks[case.track])
    truth = Truth.of(_stored(items, case, contexts))
    return [Saved(case, name, bodies, truth, contexts) for name, body in bodies.items() if body]


def _contexts(items: list[AnyItem], track: Track) -> dict[int, Context]:
    """The card as the database has it from an earlier run."""
    cards = {item.race_number: item for item in items if isinstance(item, RaceItem)}
    pools = {
        bet_type: terms for bet_type in track.pools for terms in [track.terms(bet_type, items[0].race_date)] if terms
    }
    return {
        number: Context(
            terms=pools,
            min_runners=track.min_runners,
            max_runners=track.max_runners,
            runners=tuple(Runner(entry.label, entry.horse, entry.status) for entry in card.entries),
        )
        for number, card in cards.items()
    }


def _read(saved: Saved, mutation: Mutation) -> Read:
    answers = pages({**saved.bodies, saved.name: mutation.body})

    def page(request: Request) -> bytes | None:
        try:
            return answers(request)
        except KeyError:  # a damaged card leads elsewhere: to nothing
            return None

    return saved.case.read(SHIPPED, page)


def _stored(items: list[AnyItem], case: Case, contexts: dict[int, Context]) -> list[AnyItem]:
    """What validate and sanity let through, as in a crawl."""
    track = SHIPPED.tracks[case.track]
    bounds = Bounds(SHIPPED.sources[track.source].validation, track.key, history=True)
    return [_checked(item, contexts) for item in items if not faults(item, bounds)]


def _checked(item: AnyItem, contexts: dict[int, Context]) -> AnyItem:
    if not isinstance(item, OddsItem):
        return item
    names = {one.name for one in findings(item, contexts.get(item.race_number, Context()))}
    return replace(item, flags=item.flags | names)


def _undetectable(source: str, mutation: Mutation) -> bool:
    said = f"{mutation.kind} {mutation.path}"
    return any(re.search(pattern, said) for pattern in UNDETECTABLE.get(source, ()))


if __name__ == "__main__":  # PYTHONPATH=tests:tests/mutations python tests/mutations/trial.py [SOURCE...]
    for name in sys.argv[1:] or SHIPPED.sources:
        told = trial(name)
        print(f"{name}: {told.tried} tried, {told.damage}, harmless {told.harmless}, wrong {len(told.wrong)}")
        print(*told.wrong[:40], sep="\n")
