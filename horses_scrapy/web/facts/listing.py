"""Where a long list stands."""

from starlette.datastructures import URL

from horses_scrapy.web.models.base import Page


def page_of(url: URL, total: int, limit: int, offset: int) -> Page:
    """url: of this part of the list."""
    after = offset + limit
    following = url.include_query_params(offset=after)
    path = f"{following.path}?{following.query}" if after < total else None
    return Page(total=total, limit=limit, offset=offset, next=path)


def before(url: URL, page: Page) -> str | None:
    """The path of the part before it; None at the start."""
    if page.offset == 0:
        return None
    earlier = url.include_query_params(offset=max(0, page.offset - page.limit))
    return f"{earlier.path}?{earlier.query}"
