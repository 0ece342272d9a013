"""JSON arrays as they are stored: pool_change.amounts, pair_grid.interests and payouts."""

from json import JSONEncoder

packed = JSONEncoder(separators=(",", ":")).encode
"""The text of a list or tuple, without a blank."""
