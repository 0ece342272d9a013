"""A crawl with all its pipelines: a sound card is not flagged, a misread one is stored, flagged, told and alerts nobody."""

import json
from pathlib import Path

MISREAD = {
    "misread.Tenfold": 150,
    "horses_scrapy.pipelines.validate.Validate": 100,
    "horses_scrapy.pipelines.sanity.Sanity": 200,
    "horses_scrapy.pipelines.store.Store": 300,
    "horses_scrapy.pipelines.alert.Alert": 500,
}
RULE = "rules: [{name: any, kind: win_odds_above, threshold: 1-9}]\n"


def test_a_sound_card_is_not_flagged_and_its_fill_rates_are_stored(tote, installation):
    done = installation.crawl("track_demo", tote.date)
    assert done.returncode == 0
    assert "Suspect" not in done.stderr
    assert {row.flags for row in installation.rows("SELECT flags FROM board")} == {""}
    rates = {row.field: (row.filled, row.total) for row in installation.rows("SELECT * FROM fill_rate")}
    assert rates.keys() == {
        "jockey", "trainer", "morning_line", "post_time", "win_odds", "pools", "pair_prices", "source_time",
    }  # fmt: skip
    assert {field for field, (filled, total) in rates.items() if filled < total} <= {"pair_prices"}
    assert installation.last_run().degraded == 0


def test_a_misread_card_is_stored_and_told_and_alerts_nobody(tote, installation):
    settings = {"ITEM_PIPELINES": json.dumps(MISREAD)}
    (installation.home / "config").mkdir()
    (installation.home / "config/alerts.yaml").write_text(RULE, "utf-8")
    environ = {"PYTHONPATH": str(Path(__file__).parent)}
    done = installation.crawl("track_demo", tote.date, "race=1,2", settings=settings, environ=environ)
    assert done.returncode == 0, done.stderr
    flags = [set(row.flags.split(",")) for row in installation.rows("SELECT flags FROM board")]
    assert len(flags) == 2
    assert all({"suspect", "overround", "display_vs_pool"} <= found for found in flags)
    assert done.stderr.count("Suspect board: DMO R") == len(flags)
    assert installation.count("alert") == 0
    assert installation.rows("SELECT count(*) FROM board WHERE evaluated_at IS NULL")[0][0] == 0
    sound = installation.crawl("track_demo", tote.date, "race=1,2")
    assert sound.returncode == 0, sound.stderr
    assert installation.count("alert") > 0, sound.stderr
