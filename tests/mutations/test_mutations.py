"""No damage to an answer ever stores a wrong price, and what does not matter changes nothing."""

import pytest
from offline import SHIPPED
from trial import trial

SOURCES = sorted(SHIPPED.sources)


def judged(source, count):
    tally = trial(source, count)
    assert tally.tried == count
    assert tally.wrong == []
    assert tally.kept >= 0.95
    caught = tally.damage.get("refused", 0) + tally.damage.get("flagged", 0)
    assert caught > count // 10, "damage that nobody notices is no damage"


@pytest.mark.parametrize("source", SOURCES)
def test_the_first_mutations(source):
    judged(source, 40)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_two_thousand_mutations(source):
    judged(source, 2000)
