"""Seeded damage to an answer, and changes that must not matter. A mutation says where it struck, so that it can be judged.

Paths are as a reader would write them, with `*` for a place in a list: data.runners.*.odds.pool_win.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html


@dataclass(frozen=True, slots=True)
class Mutation:
    """`swap`: two values changed places, which only redundancy in the source can tell."""

    kind: str
    path: str
    body: bytes
    harmless: bool = False


PAGE = b"<!doctype html><html><head><title>Just a moment</title></head><body><p>Checking your browser</p></body></html>"


def mutations(body: bytes, seed: int) -> Mutation:
    """One mutation of a JSON document or a page of HTML, chosen by the seed; one in five is harmless."""
    dice = random.Random(seed)
    if dice.random() < 0.04:
        return _broken(body, dice)
    if body.lstrip()[:1] in {b"{", b"["}:
        return _json_mutation(json.loads(body), dice)
    return _html_mutation(body, dice)


def _broken(body: bytes, dice: random.Random) -> Mutation:
    if dice.random() < 0.5:
        return Mutation("truncated", "", body[: dice.randrange(len(body))])
    return Mutation("another page", "", PAGE if dice.random() < 0.7 else b"")


# --- JSON --------------------------------------------------------------------------------------------------------------

Place = tuple[str | int, ...]


def _places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value below, with its place."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*at, key), child
        yield from _places(child, (*at, key))


def _shown(place: Place) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in place)


def _get(document: Any, place: Place) -> Any:
    for part in place:
        document = document[part]
    return document


def _json_mutation(document: Any, dice: random.Random) -> Mutation:
    document = copy.deepcopy(document)
    places = [place for place, _ in _places(document)]
    names = list(_JSON_HARMLESS) if dice.random() < 0.2 else list(_JSON_DAMAGE)
    while True:
        kind = dice.choice(names)
        made = {**_JSON_HARMLESS, **_JSON_DAMAGE}[kind](document, places, dice)
        if made is not None:
            indent = dice.choice([None, 1, 4]) if kind == "white space" else None
            return Mutation(kind, _shown(made), json.dumps(document, indent=indent).encode(), kind in _JSON_HARMLESS)


def _drop(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    place = dice.choice(places)
    del _get(document, place[:-1])[place[-1]]
    return place


def _duplicate(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    inside = [place for place in places if isinstance(place[-1], int)]
    if not inside:
        return None
    place = dice.choice(inside)
    owner = _get(document, place[:-1])
    owner.insert(dice.randrange(len(owner) + 1), copy.deepcopy(owner[place[-1]]))
    return place


def _retype(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    """Another type, never another value of the same type: that would be another truth."""
    place = dice.choice(places)
    owner, old = _get(document, place[:-1]), _get(document, place)
    others: list[Any] = [None, [], {}, True, [old], {"value": old}]
    others += ["?", ""] if not isinstance(old, str) else [-1.5]
    owner[place[-1]] = dice.choice([other for other in others if type(other) is not type(old)])
    return place


def _swap_keys(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    """Two fields of one object."""
    owners = [
        place for place in [(), *places] if isinstance(_get(document, place), dict) and len(_get(document, place)) > 1
    ]
    if not owners:
        return None
    place = dice.choice(owners)
    owner = _get(document, place)
    first, second = dice.sample(sorted(owner), 2)
    if owner[first] == owner[second]:
        return None
    owner[first], owner[second] = owner[second], owner[first]
    return (*place, f"{first}<>{second}")


def _swap_between(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    """One field of two neighbours in a list: what a row shift or a sorted column does."""
    rows = [
        place
        for place in places
        if isinstance(_get(document, place), list) and len(_get(document, place)) > 1 and all(isinstance(one, dict) for one in _get(document, place))
    ]  # fmt: skip
    if not rows:
        return None
    place = dice.choice(rows)
    one, other = dice.sample(_get(document, place), 2)
    common = sorted(key for key in one if key in other and one[key] != other[key])
    if not common:
        return None
    key = dice.choice(common)
    one[key], other[key] = other[key], one[key]
    return (*place, 0, key)


def _reorder_rows(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    """Rows of objects in another order: not harmless where the order itself says something."""
    rows = [place for place in places if isinstance(_get(document, place), list) and len(_get(document, place)) > 1]
    if not rows:
        return None
    place = dice.choice(rows)
    dice.shuffle(_get(document, place))
    return (*place, 0)


def _extra_key(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    owners = [place for place in [(), *places] if isinstance(_get(document, place), dict)]
    if not owners:
        return None
    place = dice.choice(owners)
    _get(document, place)[f"zz_{dice.randrange(1000)}"] = dice.choice([None, 7, "seven", [1], {"a": 1}])
    return place


def _key_order(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    for place in [(), *places]:
        owner = _get(document, place)
        if isinstance(owner, dict):
            shuffled = dice.sample(list(owner.items()), len(owner))
            owner.clear()
            owner.update(shuffled)
    return ()


def _white_space(document: Any, places: list[Place], dice: random.Random) -> Place | None:
    return ()


_Change = Callable[[Any, list[Place], random.Random], Place | None]
_JSON_DAMAGE: dict[str, _Change] = {
    "drop": _drop, "duplicate": _duplicate, "retype": _retype, "swap": _swap_keys, "swap between": _swap_between,
    "reorder": _reorder_rows,
}  # fmt: skip
_JSON_HARMLESS: dict[str, _Change] = {"extra key": _extra_key, "key order": _key_order, "white space": _white_space}


# --- HTML --------------------------------------------------------------------------------------------------------------


def _html_mutation(body: bytes, dice: random.Random) -> Mutation:
    tree = html.document_fromstring(body.decode(), parser=html.HTMLParser(encoding="utf-8"))
    names = list(_HTML_HARMLESS) if dice.random() < 0.2 else list(_HTML_DAMAGE)
    while True:
        kind = dice.choice(names)
        made = {**_HTML_HARMLESS, **_HTML_DAMAGE}[kind](tree, dice)
        if made is not None:
            text = etree.tostring(tree, method="html", encoding="unicode", doctype="<!doctype html>")
            return Mutation(kind, made, text.encode(), kind in _HTML_HARMLESS)


def _elements(tree: Any) -> list[Any]:
    return [one for one in tree.body.iter() if isinstance(one.tag, str) and one is not tree.body]


def _where(element: Any) -> str:
    """Tags and classes from the body down."""
    chain = [element, *element.iterancestors()]
    named = [
        ".".join([one.tag, *(one.get("class") or "").split()[:1]]) for one in chain if one.tag not in {"html", "body"}
    ]
    return " ".join(reversed(named))


def _drop_element(tree: Any, dice: random.Random) -> str | None:
    element = dice.choice(_elements(tree))
    at = _where(element)
    element.getparent().remove(element)
    return at


def _duplicate_element(tree: Any, dice: random.Random) -> str | None:
    element = dice.choice(_elements(tree))
    element.addnext(copy.deepcopy(element))
    return _where(element)


def _swap_neighbours(tree: Any, dice: random.Random) -> str | None:
    """Two children of one element: rows, cells, columns of a row."""
    owners = [one for one in _elements(tree) if len(one) > 1]
    if not owners:
        return None
    owner = dice.choice(owners)
    one, other = sorted(dice.sample(range(len(owner)), 2))
    texts = [(owner[index].text_content(), dict(owner[index].attrib)) for index in (one, other)]
    if texts[0] == texts[1]:
        return None
    first, second = owner[one], owner[other]
    first.tail, second.tail = second.tail, first.tail
    owner[one], place = copy.deepcopy(second), owner[other]
    owner.replace(place, first)
    return _where(owner)


def _swap_texts(tree: Any, dice: random.Random) -> str | None:
    """The texts of two elements of the same kind: what a shifted column shows."""
    by_kind: dict[str, list[Any]] = {}
    for element in _elements(tree):
        if (element.text or "").strip():
            by_kind.setdefault(_where(element), []).append(element)
    kinds = [kind for kind, found in by_kind.items() if len({one.text for one in found}) > 1]
    if not kinds:
        return None
    kind = dice.choice(kinds)
    one, other = dice.sample(by_kind[kind], 2)
    if one.text == other.text:
        return None
    one.text, other.text = other.text, one.text
    return kind


def _drop_attribute(tree: Any, dice: random.Random) -> str | None:
    having = [one for one in _elements(tree) if one.attrib]
    if not having:
        return None
    element = dice.choice(having)
    at = _where(element)
    del element.attrib[dice.choice(sorted(element.attrib))]
    return at


def _garble(tree: Any, dice: random.Random) -> str | None:
    """Words where a number is due, nothing where a name is due: never another value."""
    having = [one for one in _elements(tree) if (one.text or "").strip() and one.tag not in {"script", "style"}]
    if not having:
        return None
    element = dice.choice(having)
    element.text = dice.choice(["", "n/a?", "loading ..."])
    return _where(element)


def _extra_attribute(tree: Any, dice: random.Random) -> str | None:
    dice.choice(_elements(tree)).set(f"data-zz{dice.randrange(100)}", "1")
    return ""


def _comment(tree: Any, dice: random.Random) -> str | None:
    owners = [one for one in _elements(tree) if len(one)]
    if not owners:
        return None
    owner = dice.choice(owners)
    owner.insert(dice.randrange(len(owner) + 1), etree.Comment(" zz "))
    return ""


def _spaces(tree: Any, dice: random.Random) -> str | None:
    for element in _elements(tree):
        if not (element.tail or "").strip():
            element.tail = dice.choice(["", "\n", "  \n\t"]) if len(element.getparent()) > 1 else element.tail
    return ""


_HtmlChange = Callable[[Any, random.Random], str | None]
_HTML_DAMAGE: dict[str, _HtmlChange] = {
    "drop": _drop_element, "duplicate": _duplicate_element, "swap": _swap_neighbours, "swap texts": _swap_texts,
    "drop attribute": _drop_attribute, "garble": _garble,
}  # fmt: skip
_HTML_HARMLESS: dict[str, _HtmlChange] = {
    "extra attribute": _extra_attribute,
    "comment": _comment,
    "white space": _spaces,
}
