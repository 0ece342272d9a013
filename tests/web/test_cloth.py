"""Saddle cloths: the right colour where it is known, none where it is not, and numbers that can be read on them."""

import re
from pathlib import Path

import pytest

from horses_scrapy.web import render
from horses_scrapy.web.cloth import COLOURS, cloth

CSS = (Path(render.__file__).parent / "static" / "cloth.css").read_text()
LIGHT, DARK = CSS.split("@media (prefers-color-scheme: dark)")
PAPER = {"light": "#ffffff", "dark": "#171f1b"}
"""--card of base.css."""


@pytest.mark.parametrize(
    ("number", "country", "race_type", "colour"),
    [
        ("1", "US", "gallops", "red"),
        ("2", "US", "gallops", "white"),
        ("6", "CA", None, "black"),
        ("20", "US", None, "fuchsia"),
        ("21", "US", None, "neutral"),
        ("1A", "US", None, "red"),
        ("2B", "US", "harness", "blue"),
        ("10", "US", "harness", "bluered"),
        ("13", "US", "harness", "neutral"),
        ("1", "NZ", "gallops", "neutral"),
        ("1", None, None, "neutral"),
        ("", "US", None, "neutral"),
        ("A", "US", None, "neutral"),
        ("\u0663", "US", None, "neutral"),
        ("9" * 5000, "US", None, "neutral"),
        ('1" onload="x', "US", None, "neutral"),
    ],
)
def test_colours(number, country, race_type, colour):
    assert cloth(number, country, race_type) == f"cloth cloth-{colour}"


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def rule(css: str, colour: str) -> dict[str, str]:
    return dict(re.findall(r"([\w-]+): (#\w{6});", re.search(rf"\.cloth-{colour} {{(.*?)}}", css)[1]))


@pytest.mark.parametrize("colour", sorted({colour for known in COLOURS.values() for colour in known.values()}))
def test_numbers_and_lines_can_be_seen(colour):
    light = rule(LIGHT, colour)
    assert contrast(light["background"], light["color"]) >= 4.5
    assert contrast(light["--thread"], PAPER["light"]) >= 3
    assert contrast(rule(DARK, colour)["--thread"], PAPER["dark"]) >= 3
