"""Every saved day, replayed. A case without output.json gets one written and fails: read it, then commit it."""

import json

import pytest
from crawling import ROOT
from offline import SHIPPED

from horses_scrapy.fixtures import Case, cases, plain


@pytest.mark.parametrize("case", cases(ROOT), ids=lambda case: f"{case.track}/{case.folder.name}")
def test_a_saved_day_gives_what_it_gave(case: Case) -> None:
    if not case.output.is_file():
        case.write_output(SHIPPED)
        pytest.fail(f"{case.output} was missing and is now what the spider gives: read it before you trust it")
    assert plain(case.read(SHIPPED)) == json.loads(case.output.read_text("utf-8"))
