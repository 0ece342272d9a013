"""What each source's answers cannot tell by themselves: where two values of them change places, nothing else says so.

A pattern is matched against "<kind> <path>" of a mutation.
"""

UNDETECTABLE: dict[str, tuple[str, ...]] = {}
