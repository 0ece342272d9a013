"""How far a price moved. Pure integers: no threshold is reached by rounding."""


def percent(reference: int, price: int) -> int:
    """By how much the profit per 1 rose, in thousandths of a percent, towards nothing; below 0 for a fall."""
    return _towards_zero((price - reference) * 100_000, reference - 1000)


def points_lost(reference: int, price: int) -> int:
    """By how much 100/decimal fell, in thousandths of a point, towards nothing; below 0 for a chance that grew."""
    return _towards_zero((price - reference) * 100_000_000, price * reference)


def _towards_zero(dividend: int, divisor: int) -> int:
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def lasting(ms: int) -> str:
    """`40 s`, `4 min`."""
    return f"{ms // 1000} s" if ms < 90_000 else f"{round(ms / 60_000)} min"
