"""`alertctl check`: everything that is wrong at once, what is odd, and what is in force."""

import pytest

from alerts.tools.check import run

SOUND = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}]"


@pytest.fixture
def check(meeting, settings, clock, lines, monkeypatch):
    monkeypatch.delenv("PAGER", raising=False)

    def told(text, **changes):
        meeting.rules(text)
        (meeting.folder / "alerts.yaml").write_text(text, encoding="utf-8")
        code = run(settings.model_copy(update=changes), clock, None)
        return code, lines()

    return told


def test_a_sound_file_says_what_is_in_force(check, meeting):
    text = "rules: [{name: a, kind: scratched}, {name: b, kind: odds_drop, percent: 9}, {name: c, kind: result, enabled: false}, {name: d, kind: database}]"
    assert check(text) == (
        0,
        [
            f"{meeting.folder / 'alerts.yaml'}: 3 of 4 rules in force",
            "  about boards: odds_drop 1",
            "  about cards: scratched 1",
            "  about ourselves: database 1",
            "  recipients: you@example.com",
        ],
    )


def test_all_faults_of_the_file_come_at_once_with_their_lines(check):
    code, told = check("rules:\n  - {name: a, kind: win_odds_belo}\n  - {name: b, kind: odds_drop}\nspelt: wrong\n")
    assert code == 2
    assert [line.startswith("error: ") for line in told] == [True] * 3
    assert {line.split(":")[2] for line in told} == {"2", "3", "4"}


def test_faults_of_fair_odds_files_and_missing_variables_are_errors_too(check, meeting):
    folder = meeting.folder / "lines"
    folder.mkdir()
    (folder / "mine.csv").write_text("track,date,race,program,fair_odds\ngulf,2026-05-02,1,5,cheap\n", encoding="utf-8")
    code, told = check("delivery: {channels: {pager: PAGER}}\n" + SOUND)
    assert code == 2
    errors = [line for line in told if line.startswith("error: ")]
    assert ["mine.csv:2" in errors[0], "PAGER" in errors[1], len(errors)] == [True, True, 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: [{name: x, kind: scratched, scope: {tracks: [AQU]}}]", "rule x: never fires: aqueduct is disabled"),
        ("rules: [{name: x, kind: scratched, scope: {tracks: [AQU, GP]}}]", "rule x: scope.tracks: aqueduct is disabled"),
        ("rules: [{name: x, kind: scratched, scope: {tracks: [QQQ]}}]", "rule x: scope.tracks: 'QQQ' is no track of tracks.yaml"),
        ("rules: [{name: x, kind: scratched, scope: {tracks: [QQQ]}}]", "rule x: never fires: it names no track that there is"),
        ("rules: [{name: x, kind: scratched, scope: {watchlist: my}}]", "rule x: scope.watchlist: 'my' is empty; alertctl watchlist add my horse=..."),
        ("rules: [{name: x, kind: win_odds_min, threshold: 2}]", "win_odds_min is read as win_odds_below"),
        (SOUND + "\ndelivery: {people: {else@example.com: {timezone: UTC}}}", "delivery.people: else@example.com is told nothing"),
    ],
)  # fmt: skip
def test_what_works_and_is_hardly_meant_so_is_a_warning(check, text, says):
    code, told = check(text)
    assert code == 0
    assert any(line.startswith("warning: ") and says in line for line in told), told


def test_a_rule_about_pairs_that_nobody_keeps_is_odd(check, settings):
    off = {key: track.model_copy(update={"pair_prices": 0}) for key, track in settings.tracks.items()}
    rule = "rules: [{name: x, kind: exacta_payout_below, threshold: {payout: 20, base: 2}}]"
    said = "rule x: sees nothing of "
    assert not any(said in line for line in check(rule)[1])
    assert any(said in line for line in check(rule, tracks=off)[1])


def test_a_rule_that_is_off_is_not_complained_about(check):
    text = "rules: [{name: x, kind: scratched, enabled: false, scope: {tracks: [QQQ]}}]"
    assert not any(line.startswith("warning") for line in check(text)[1])


def test_nobody_to_tell_and_nothing_queued_are_said(check, settings):
    alone = settings.smtp.model_copy(update={"recipients": ()})
    told = check(SOUND, smtp=alone, alerts=settings.alerts.model_copy(update={"enabled": False}))[1]
    assert told[:2] == [
        "warning: alerts.enabled is false: rules are evaluated and alerts logged, nothing is sent",
        "warning: no recipient: set EMAIL_RECIPIENT, or recipients of short",
    ]


def test_without_a_database_watchlists_are_not_asked_and_none_is_made(settings, clock, lines, tmp_path):
    home = tmp_path / "new"
    (home).mkdir()
    (home / "alerts.yaml").write_text("rules: [{name: x, kind: scratched, scope: {watchlist: my}}]", encoding="utf-8")
    assert run(settings.model_copy(update={"home": home, "config_file": home / "config.yaml"}), clock, None) == 0
    assert not any("watchlist" in line for line in lines())
    assert [path.name for path in home.iterdir()] == ["alerts.yaml"]


def test_another_file_may_be_named(settings, clock, lines, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("rules: [{name: x, kind: scratched}]", encoding="utf-8")
    assert run(settings, clock, other) == 0
    assert lines()[0] == f"{other}: 1 of 1 rules in force"
