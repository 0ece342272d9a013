"""Which boards of an old race stay: minutes are before the post."""

import pytest

from horses_scrapy.storage.upkeep.keeping import Seen, kept

POST = 100 * 60_000


def boards(text):
    """`-12 -10! -6 0c 3o`: minutes from the post; ! flagged, ? needed, c closed, o official. The id is the place."""
    status = {"c": "closed", "o": "official"}
    return [
        Seen(
            board_id=place,
            fetched_at=POST + round(float(word.rstrip("!?co")) * 60_000),
            status=status.get(word[-1], "open"),
            flags="suspect" if "!" in word else "",
            needed="?" in word,
        )
        for place, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("given", "post", "stays"),
    [
        ("", POST, ""),
        ("-30", POST, "-30"),
        ("-30 -20 -11 -10 -9 -6 -5 -4 -2 -1 -0.5 0 1c 2c 3c", POST, "-30 -10 -5 -1 0 3c"),
        ("-30 -20 -11 -9 -6 -4 -2 -0.5 1c 2o", POST, "-30 -11 -6 -2 -0.5 2o"),
        ("-30 -29 -28 -27", None, "-30 -27"),
        ("-30 -29 -28 -27", POST, "-30 -27"),
        ("-30 -20 -15 5c 6c 7 8", POST, "-30 -15 6c 8"),
        ("-30 -20 -15? -12? -11 -10 5 6", POST, "-30 -15? -12? -10 6"),
        ("-30 -12 -11! -10! -9 -8", POST, "-30 -12 -10! -8"),
        ("5 6 7 8c 9", POST, "5 8c 9"),
    ],
)
def test_which_stay(given, post, stays):
    made = boards(given)
    found = kept(made, post)
    assert [word for place, word in enumerate(given.split()) if place in found] == stays.split()
