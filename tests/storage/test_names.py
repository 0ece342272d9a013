import pytest
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.storage.names import name_key, split_country


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("O'Brien (IRE)", "OBRIEN"),
        ("OBRIEN", "OBRIEN"),
        ("O’Brien", "OBRIEN"),  # noqa: RUF001 - the typographic apostrophe that sites print
        ("o brien", "OBRIEN"),
        ("Étoile d'Été (FR)", "ETOILEDETE"),
        ("Bjørn Ærlig", "BJORNAERLIG"),
        ("Straße", "STRASSE"),
        ("Łódź", "LODZ"),
        ("Mr. Ed Jr.", "MREDJR"),
        ("No. 1 Hit", "NO1HIT"),
        ("ガガ", "ガガ"),
        ("カカ", "カカ"),
        ("(IRE)", "IRE"),
        ("???", "???"),
    ],
)
def test_name_key(printed, key):
    assert name_key(printed) == key


@pytest.mark.parametrize(
    ("printed", "bare", "country"),
    [
        ("Alpha (IRE)", "Alpha", "IRE"),
        ("Alpha(gb)", "Alpha", "GB"),
        ("Alpha (USA) ", "Alpha", "USA"),
        ("Alpha (Old)er", "Alpha (Old)er", ""),
        ("Alpha (1)", "Alpha (1)", ""),
        ("Alpha (FRANCE)", "Alpha (FRANCE)", ""),
        ("(IRE)", "(IRE)", ""),
    ],
)
def test_country_suffix(printed, bare, country):
    assert split_country(printed) == (bare, country)


@given(st.text(min_size=1, max_size=30))
def test_a_key_is_its_own_key_and_never_empty(name):
    key = name_key(name)
    assert name_key(key) == key
    assert key or not name.strip()
