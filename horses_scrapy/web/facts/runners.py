"""The runners of a race with what is bet on them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from horses_scrapy.items import OUT
from horses_scrapy.program_number import program_order
from horses_scrapy.storage.board_view import RunnerView, Shown
from horses_scrapy.web.facts.interest import Interest, Told
from horses_scrapy.web.facts.moves import odds_of
from horses_scrapy.web.models.race import Runner


def runners_of(card: Sequence[RunnerView], positions: Mapping[int, str | None], told: Told) -> list[Runner]:
    """In program order; interests that are not on the card too."""
    on_card = {view.label for view in card}
    shown = dict.fromkeys(one.label for one in told.latest if one.source == told.source)
    unknown = [_nameless(label) for label in shown if label not in on_card]
    rows = sorted([*card, *unknown], key=lambda view: program_order(view.program_number))
    leads = lead_numbers(rows)
    return [_runner(view, positions.get(view.entry_id), leads[view.label], told.interest(view.label)) for view in rows]


def _nameless(label: str) -> RunnerView:
    return RunnerView(
        entry_id=0,
        program_number=label,
        label=label,
        horse="",
        status="active",
        jockey=None,
        trainer=None,
        morning_line=None,
    )


def lead_numbers(card: Iterable[RunnerView]) -> dict[str, str]:
    """By label the program number that stands for the interest: of the first horse that runs, else of the first."""
    leads: dict[str, RunnerView] = {}
    for view in card:
        lead = leads.get(view.label)
        if lead is None or (lead.status in OUT and view.status not in OUT):
            leads[view.label] = view
    return {label: view.program_number for label, view in leads.items()}


def _runner(view: RunnerView, position: str | None, lead: str, interest: Interest) -> Runner:
    line, chance = view.morning_line, interest.told.chances.get(view.label)
    return Runner(
        program_number=view.program_number,
        label=view.label,
        coupled_with=None if lead == view.program_number else lead,
        horse=view.horse or None,
        status=view.status,
        jockey=view.jockey,
        trainer=view.trainer,
        post_position=position,
        morning_line=None if line is None else odds_of(Shown(line, "active"), interest.told.notation),
        odds=interest.odds(),
        others=interest.others(),
        elsewhere=interest.elsewhere(),
        probability=None if chance is None else round(chance, 6),
        pool_amount=interest.amount(),
        pool_share=interest.share(),
        open=interest.open(),
        since_open=interest.since_open(),
        last_5_min=interest.lately(),
        spark=interest.spark(),
    )
