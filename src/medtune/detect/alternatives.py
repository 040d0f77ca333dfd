"""Regular expressions out of lists of alternatives."""

import re


def one_of(*alternatives: str) -> str:
    """The source of a group that matches any of them."""
    return f"(?:{'|'.join(alternatives)})"


def any_of(*alternatives: str) -> re.Pattern[str]:
    """A pattern that is found where any of them is."""
    return re.compile(one_of(*alternatives))
