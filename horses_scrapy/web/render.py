"""Templates -> bytes. Everything is escaped; text from a site is cleaned of what would turn a line around."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from horses_scrapy.web import filters

FOLDER = Path(__file__).with_name("templates")
_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters.update(filters.FILTERS)


def render(template: str, given: Mapping[str, object]) -> bytes:
    return _TEMPLATES.get_template(template).render(given).encode()
