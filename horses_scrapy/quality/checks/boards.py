"""Boards that are not there, or too old, or contradict themselves."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from horses_scrapy.checks import SUSPECT
from horses_scrapy.quality.phase import OFF, due_by, imported, is_sound, known_too_late, today, was_run
from horses_scrapy.quality.times import clock_time, lasted
from horses_scrapy.quality.verdict import NOTHING, Asked, Check, Problem, Verdict, looked, passed_over
from horses_scrapy.storage.quality.facts import RaceFacts

THINNED = "thinned by prune"
IMPORTED = "came in after the off"


def gaps(race: RaceFacts, asked: Asked) -> Verdict:
    """Between the first board and the off, of the primary source."""
    if race.primary is None or race.off is None or not race.primary.boards:
        return NOTHING
    if asked.is_thinned(race):
        return passed_over(THINNED)
    if imported(race):
        return passed_over(IMPORTED)
    return looked(*_gaps(race, [seen.at for seen in race.primary.boards], race.off, asked))


def _gaps(race: RaceFacts, boards: list[int], off: int, asked: Asked) -> Iterator[Problem]:
    """The off ends the last one, once it is past; a race that is not run ends with its last board."""
    ends = [off] if off <= asked.now and was_run(race, asked) else []
    instants = [*(at for at in boards if at <= off), *ends]
    for before, after in pairwise(instants):
        allowed = due_by(before, race.post_time, asked.scraping) - before
        if after - before > allowed:
            yield Problem(
                text=f"no board from {clock_time(before, race)} to {clock_time(after, race)}:"
                f" {lasted(after - before)}, {lasted(allowed)} allowed",
                weight=(after - before) / allowed,
            )


def few_boards(race: RaceFacts, asked: Asked) -> Verdict:
    if not was_run(race, asked):
        return NOTHING
    if asked.is_thinned(race):
        return passed_over(THINNED)
    if imported(race) or known_too_late(race, asked.scraping):
        return passed_over("came in too late")
    count = 0 if race.primary is None else len(race.primary.boards)
    if count >= asked.min_boards:
        return looked()
    return looked(Problem(text=f"{count} boards, {asked.min_boards} expected", weight=asked.min_boards - count))


def freshness(race: RaceFacts, asked: Asked) -> Verdict:
    """Of races that crawls ask for today: those without a board have until their last minutes to get one."""
    if not _is_due(race, asked):
        return NOTHING
    seen = () if race.primary is None else race.primary.boards
    if seen:
        at, told = seen[-1].at, "no newer board than that of"
    elif race.post_time is not None:
        near = race.post_time - asked.scraping.near_post_threshold * 1000
        at, told = max(near, race.created_at), "no board, and it is near its post since"
    else:
        return NOTHING
    late = asked.now - due_by(at, race.post_time, asked.scraping)
    if late <= 0:
        return looked()
    return looked(Problem(text=f"{told} {clock_time(at, race)}: {lasted(asked.now - at)}", weight=late))


def _is_due(race: RaceFacts, asked: Asked) -> bool:
    if race.track_key not in asked.watched or race.status not in {"scheduled", "open", *OFF} - {"official"}:
        return False
    if race.post_time is None:
        return race.race_date == today(race, asked).isoformat()
    near_end = race.post_time + asked.scraping.after_post_cap * 1000
    return race.race_date <= today(race, asked).isoformat() and asked.now < near_end


def suspect_boards(race: RaceFacts, _: Asked) -> Verdict:
    """What the live checks have flagged, and no other check of prices reads."""
    boards = [seen for one in race.sources for seen in one.boards]
    if not boards:
        return NOTHING
    names = Counter(name for seen in boards if not is_sound(seen) for name in seen.flags - {SUSPECT})
    count = sum(not is_sound(seen) for seen in boards)
    if not count:
        return looked()
    told = ", ".join(f"{name} {times}" for name, times in names.most_common())
    return looked(Problem(text=f"{count} of {len(boards)} boards are suspect: {told}", weight=count / len(boards)))


GAPS = Check(
    name="gaps",
    level="fail",
    advice="look at the track's crawls of that time (crawl_run, logs): refused, too slow, or the scheduler was down",
    judge=gaps,
)
FEW_BOARDS = Check(
    name="few_boards",
    level="fail",
    advice="see gaps; --min-boards sets how many are expected",
    judge=few_boards,
)
FRESHNESS = Check(
    name="freshness",
    level="fail",
    advice="see that scheduler and scrapyd run, and how the track's last crawls ended (crawl_run)",
    judge=freshness,
)
SUSPECT_BOARDS = Check(
    name="suspect_boards",
    level="warn",
    advice="look at the boards beside the site: a source that changed its pages, or terms in tracks.yaml that are not its own",
    judge=suspect_boards,
)
