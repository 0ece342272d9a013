"""What the card lacks, and horses that nobody ever priced."""

from horses_scrapy.quality.phase import imported, today, was_run
from horses_scrapy.quality.verdict import NOTHING, Asked, Check, Problem, Verdict, looked, passed_over
from horses_scrapy.storage.quality.facts import RaceFacts


def post_times(race: RaceFacts, asked: Asked) -> Verdict:
    """A card of days to come may not have them yet."""
    if race.race_date > today(race, asked).isoformat() or race.status in {"cancelled", "postponed"}:
        return NOTHING
    if race.post_time is not None:
        return looked()
    return looked(Problem(text="no post time is known: it is polled as if its post were far"))


def no_odds(race: RaceFacts, asked: Asked) -> Verdict:
    if not was_run(race, asked) or not race.entries or not any(one.boards for one in race.sources):
        return NOTHING
    if imported(race):
        return passed_over("came in after the off")
    never = [entry for entry in race.entries if entry.status == "active" and not entry.priced]
    return looked(
        *(
            Problem(
                text=f"#{entry.program_number} {entry.horse} never had a win price",
                program=entry.program_number,
                weight=len(never),
            )
            for entry in never
        )
    )


def orphan_interests(race: RaceFacts, _: Asked) -> Verdict:
    if not race.entries:
        return NOTHING
    lost = sorted(race.labels - {entry.label for entry in race.entries})
    return looked(*(Problem(text=f"#{label} has boards, and no horse on the card", program=label) for label in lost))


POST_TIMES = Check(
    name="post_times",
    level="fail",
    advice="see whether the site shows one, and the crawls' fill rates (fill_rate): a page that changed is read without it",
    judge=post_times,
)
NO_ODDS = Check(
    name="no_odds",
    level="fail",
    advice="see the horse on the site: a label that is read otherwise on board and card, or a scratch that nobody told",
    judge=no_odds,
)
ORPHAN_INTERESTS = Check(
    name="orphan_interests",
    level="fail",
    advice="compare board and card on the site: they number a horse differently, or the card was read in part",
    judge=orphan_interests,
)
