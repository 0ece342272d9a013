"""reference_data: the versioned files of horses_scrapy/reference into their tables. It asks no site."""

from pathlib import Path

from horses_scrapy.errors import ConfigError
from horses_scrapy.reference.reader import BOOKMAKERS, FOLDER, FORMS, POOL_TERMS, TRACKS, Form, read_all
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.reference import replace
from horses_scrapy.updates.catalogue import PLAIN, Options
from horses_scrapy.updates.report import FAILED, OK, Report, shortened


def forms(options: Options) -> tuple[Form, ...]:
    if options.courses_only:
        return TRACKS, POOL_TERMS
    return (BOOKMAKERS,) if options.bookmakers_only else FORMS


def run(store: Store, options: Options = PLAIN, folder: Path = FOLDER) -> Report:
    """All of it in one transaction, or nothing where a file is faulty. A row that was removed counts as changed."""
    try:
        sheets = read_all(forms(options), folder)
    except ConfigError as error:
        return Report(outcome=FAILED, lines=tuple(str(error).splitlines()))
    with store.write() as connection:
        done = [replace(connection, name, sheet.rows) for name, sheet in sheets.items()]
    return Report(
        outcome=OK,
        added=sum(one.added for one in done),
        changed=sum(one.changed + one.removed for one in done),
        lines=(
            *(f"{name}: {len(sheet.rows)} rows, version {sheet.version}" for name, sheet in sheets.items()),
            *shortened(line for one in done for line in one.lines),
        ),
    )
