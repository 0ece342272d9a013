"""One summary for each window of a cap, when the window is over: how much was held back, and how to see it. Pure.

A race's comes when the race is over; an hour's an hour after the first alert that was held back; a day's after the
recipient's midnight. None comes in quiet hours: it waits for their end.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerts.delivery.cap import HOUR_MS, Window, window_of
from alerts.delivery.own_message import OwnMessage
from alerts.delivery.quiet import is_quiet
from alerts.message import Notice
from alerts.rules.policy import Delivery, Person
from alerts.wording.detail import Detail, from_json
from horses_scrapy.clock import from_ms
from horses_scrapy.storage.deliveries import Untold

OVER = frozenset({"official", "cancelled"})


@dataclass(frozen=True, slots=True)
class _Held:
    """What one window of one cap held back."""

    window: Window
    key: str
    recipient: str
    channel: str
    told: Sequence[Untold]


def summaries(untold: Sequence[Untold], policy: Delivery, now_ms: int) -> list[OwnMessage]:
    """Those whose window is over."""
    return [
        _message(held, policy.person(held.recipient))
        for held in _windows(untold, policy)
        if _is_over(held, policy.person(held.recipient), now_ms) and not is_quiet(policy.person(held.recipient), now_ms)
    ]


def _windows(untold: Sequence[Untold], policy: Delivery) -> list[_Held]:
    found: defaultdict[tuple[str, str, Window, str], list[Untold]] = defaultdict(list)
    for each in untold:
        window = window_of(each.reason)
        which = {"race": each.scope, "hour": "", "day": _day(each, policy).isoformat()}[window]
        found[each.recipient, each.channel, window, which].append(each)
    return [
        _Held(window, which, recipient, channel, told) for (recipient, channel, window, which), told in found.items()
    ]


def _day(each: Untold, policy: Delivery) -> date:
    return from_ms(each.created_at).astimezone(policy.person(each.recipient).zone).date()


def _is_over(held: _Held, person: Person, now_ms: int) -> bool:
    first = held.told[0]
    if held.window == "hour":  # an hour that begins in the future: the clock was put back
        return not 0 <= now_ms - first.created_at < HOUR_MS
    if held.window == "day":
        return from_ms(now_ms).astimezone(person.zone).date().isoformat() != held.key
    late = any(each.expires_at is not None and now_ms > each.expires_at for each in held.told)
    return (first.status in OVER or late) and not first.waiting


def _message(held: _Held, person: Person) -> OwnMessage:
    first = from_json(held.told[0].detail)
    count = f"{len(held.told)} alert{'s' if len(held.told) > 1 else ''} held back"
    about = {
        "race": f"{first.race} {first.race_date}",
        "hour": f"the hour from {_wall(held.told[0].created_at, person)}",
        "day": held.key,
    }[held.window]
    cap = held.told[0].reason.removeprefix("cap: ")
    return OwnMessage(
        recipient=held.recipient,
        channel=held.channel,
        scope=f"overflow:{held.window}",
        notice=Notice(
            key="|".join(("overflow", held.window, _key(held, first), held.channel)),
            subject=f"{about}: {count}",
            heading=f"{count} by the cap of {cap}: {about}",
            lines=(*_counts(held.told), "Nothing is lost. What each one was, and why:", *_commands(held.told)),
        ),
        told=held.told,
    )


def _key(held: _Held, first: Detail) -> str:
    """The same on whatever database: numbers of rows are reused where one is made anew."""
    race = f"{first.track_key}|{first.race_date}|{first.race_number}"
    at = str(held.told[0].created_at)
    return {"race": race, "hour": f"{race}|{at}", "day": held.key}[held.window]


def _wall(at_ms: int, person: Person) -> str:
    return from_ms(at_ms).astimezone(person.zone).strftime("%Y-%m-%d %H:%M %Z")


def _counts(told: Sequence[Untold]) -> list[str]:
    return [f"{count} {kind}" for kind, count in sorted(Counter(each.kind for each in told).items())]


def _commands(told: Sequence[Untold]) -> list[str]:
    details = [from_json(each.detail) for each in told]
    races = dict.fromkeys((one.track_key, one.race_date, one.race_number) for one in details)
    return [
        f"python scripts/alertctl.py explain --track {track} --race {number} --date {day}"
        for track, day, number in races
    ]
