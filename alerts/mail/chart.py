"""A small picture of the way that a price took: a step for each board, minutes to post below.

Dark like a tote board, so that it is the same in a light and in a dark mail reader.
"""

import io
from collections.abc import Iterator
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

from alerts.mail.odds_path import OddsPath

WIDTH, HEIGHT = 640, 200
"""Of the picture in pixels: two to each that a mail shows, for phones have fine screens."""
_TOP, _FLOOR, _AXIS = 26, 134, 156
_GAP = 20
_APART = 64
_NIGHT, _PAPER, _AMBER = (16, 35, 26), (222, 233, 226), (250, 200, 80)
_WORDS, _GRID, _LINE = 14, 4, 15
"""Sixteen shades, four bits of a pixel: up to 14 from night to paper, for letters with soft edges; 15 is the line."""
_TICKS = (0, 1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60)


@lru_cache(maxsize=256)
def chart(path: OddsPath) -> bytes:
    """PNG, the same bytes for the same path: drawn once, however many people get it."""
    image = Image.new("L", (WIDTH, HEIGHT), 0)
    draw = ImageDraw.Draw(image)
    first, last = _font(30), _font(38)
    left, right = _GAP * 2 + first.getlength(path.first), WIDTH - _GAP * 2 - last.getlength(path.last)
    _axis(draw, path, left, right)
    _steps(draw, path, left, right)
    draw.text((_GAP, _y(path, path.points[0][1])), path.first, fill=_WORDS, font=first, anchor="lm")
    draw.text((WIDTH - _GAP, _y(path, path.points[-1][1])), path.last, fill=_LINE, font=last, anchor="rm")
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=2, bits=4)
    return file.getvalue()


def _steps(draw: ImageDraw.ImageDraw, path: OddsPath, left: float, right: float) -> None:
    """A price stands until the next board: level, then up or down."""
    per_ms = (right - left) / (path.end - path.start)
    corners: list[tuple[float, float]] = []
    for at, price in path.points:
        x, y = left + (at - path.start) * per_ms, _y(path, price)
        if not corners or y != corners[-1][1]:
            corners += [(x, corners[-1][1]), (x, y)] if corners else [(x, y)]
    x, y = right, corners[-1][1]
    draw.line([*corners, (x, y)], fill=_LINE, width=5, joint="curve")
    draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=_LINE)


def _axis(draw: ImageDraw.ImageDraw, path: OddsPath, left: float, right: float) -> None:
    draw.line((left, _AXIS, right, _AXIS), fill=_GRID, width=2)
    for x, text, anchor in _labels(path, left, right):
        draw.line((x, _TOP, x, _AXIS), fill=_GRID, width=2)
        draw.text((x, _AXIS + 8), text, fill=_WORDS, font=_font(26), anchor=anchor)


def _labels(path: OddsPath, left: float, right: float) -> Iterator[tuple[float, str, str]]:
    """Where which minute stands: the last one at the right, others to its left as far as there is room."""
    now = 0 if path.to_post is None else path.to_post
    last = "now" if path.to_post is None else f"{now} MTP"
    yield right, last, "ma"
    room = right - _font(26).getlength(last) / 2 - _APART / 2
    for minute in _TICKS:
        x = right - (minute - now) * (right - left) / path.minutes
        if minute > now and left <= x <= room:
            yield x, f"{'-' if path.to_post is None else ''}{minute}", "ma"
            room = x - _APART


def _y(path: OddsPath, price: int) -> float:
    return _FLOOR - path.height(price) * (_FLOOR - _TOP)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _palette() -> bytes:
    shades = [
        tuple(dark + (light - dark) * shade // _WORDS for dark, light in zip(_NIGHT, _PAPER, strict=True))
        for shade in range(_WORDS + 1)
    ]
    return bytes(part for shade in (*shades, _AMBER) for part in shade)
