"""A spider of the tests: TVG's page of race 7 as it was recorded, put together by a script of ours."""

import datetime as dt
from collections.abc import Iterator

from scrapy.http import Request, Response

from horses_scrapy.items import AnyItem, RaceItem, Source
from horses_scrapy.sources.rendered import RenderedSpider
from horses_scrapy.sources.tvg_page import parse_board

SHELL = b"""<!DOCTYPE html><html><body><table id="summ"></table><div id="pools"></div><div id="probables"></div><script>
  (async () => {
    for (const part of ["summ", "pools", "probables"]) {
      document.getElementById(part).innerHTML = await (await fetch(`/${part}.txt`)).text();
    }
  })();
</script></body></html>"""


class RecordedSpider(RenderedSpider):
    name = "track_recorded"
    source = Source("rendered", "board", "display")
    settled = ".probables-table"

    def card_requests(self) -> Iterator[Request]:
        yield self.render(f"{self.track.base_url}/race/7", self.read_race, race_number=7)

    def read_race(self, response: Response) -> Iterator[AnyItem]:
        visit = self.visit(response)
        race = RaceItem(
            track=self.track.key,
            race_date=self.race_date,
            race_number=7,
            source=self.source,
            source_key="AU2-7",
            url=response.url,
            fetched_at=visit.fetched_at,
            post_time=visit.fetched_at + dt.timedelta(minutes=5),
            status="open",
        )
        yield from parse_board(response, visit, race)
