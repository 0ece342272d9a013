"""Reading HTML strictly: what is missing, doubled or ragged is a ParseError that says where, never a guess."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from parsel import Selector
from scrapy.http import HtmlResponse, Response, TextResponse

from horses_scrapy.errors import Blocked, EmptyResponse, ParseError

_MONEY = re.compile(r"\$(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d\d))?", re.ASCII)
_SHOWN = 60

Row = dict[str, Selector]


def html(response: Response) -> HtmlResponse:
    """The response as a page with content. Raises EmptyResponse, Blocked (a login page) or ParseError."""
    if not response.body.strip():
        raise EmptyResponse(f"{response.url}: the page is empty")
    if not isinstance(response, TextResponse):
        raise ParseError(f"{response.url}: {type(response).__name__} where a page of HTML is due")
    page = response if isinstance(response, HtmlResponse) else response.replace(cls=HtmlResponse)
    if page.css("input[type=password]"):
        raise Blocked(f"{response.url}: a login page")
    return page


def text(node: Selector) -> str:
    """All text inside, blanks collapsed."""
    return " ".join(node.root.xpath("string()").split())


def the(page: HtmlResponse | Selector, css: str, where: str) -> Selector:
    """The one element that matches."""
    found = page.css(css)
    if len(found) != 1:
        raise ParseError(f"{where}: {len(found)} elements {css!r}, one is expected")
    return found[0]


def the_text(page: HtmlResponse | Selector, css: str, where: str) -> str:
    return text(the(page, css, where))


def the_datetime(page: HtmlResponse | Selector, css: str, where: str) -> str:
    """The machine-readable time of a `time` element."""
    value = the(page, css, where).attrib.get("datetime")
    if value is None:
        raise ParseError(f"{where}: {css!r} has no datetime attribute")
    return value


def rows(table: Selector, columns: Sequence[str], where: str) -> Iterator[Row]:
    """Body rows by header text, so that columns may move. Each of `columns` must be there once, each row be whole."""
    headers = [text(cell) for cell in table.css("thead tr > *")]
    for column in columns:
        if headers.count(column) != 1:
            raise ParseError(f"{where}: {headers.count(column)} columns {column!r} among {headers}")
    for line, row in enumerate(table.css("tbody > tr"), start=1):
        cells = row.xpath("./td | ./th")
        if len(cells) != len(headers):
            raise ParseError(f"{where}: row {line} has {len(cells)} cells under {len(headers)} headers")
        yield dict(zip(headers, cells, strict=True))


def whole(shown: str, where: str) -> int:
    if re.fullmatch(r"\d{1,4}", shown, re.ASCII) is None:
        raise ParseError(f"{where}: {shown[:_SHOWN]!r} where a whole number is due")
    return int(shown)


def cents(shown: str, where: str) -> int:
    """`$1,234` or `$1,234.50` in cents."""
    match = _MONEY.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: {shown[:_SHOWN]!r} where an amount such as $1,234 is due")
    return int(match[1].replace(",", "")) * 100 + int(match[2] or "0")


def instant(shown: str, where: str) -> dt.datetime:
    try:
        read = dt.datetime.fromisoformat(shown)
    except ValueError as error:
        raise ParseError(f"{where}: {shown[:40]!r} is no time") from error
    if read.tzinfo is None:
        raise ParseError(f"{where}: {shown!r} has no time zone")
    return read


def counted(table: Selector, count: int, of: str, where: str) -> None:
    """The table's own caption says how many rows it has: fewer came through when the page was cut."""
    if the_text(table, "caption", where) != f"{count} {of}":
        raise ParseError(f"{where}: {count} {of} under the caption {the_text(table, 'caption', where)!r}")


def once(values: list[str], where: str) -> None:
    if len(set(values)) != len(values):
        raise ParseError(f"{where}: one of {values} stands twice")
