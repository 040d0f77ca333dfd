"""How rules write their figures."""

from medtune.core.stats import Rate


def bound(confidence: float) -> str:
    """«95 % bound»."""
    return f"{100 * confidence:g} % bound"


def of(rate: Rate) -> str:
    """«3 of 200»."""
    return f"{rate.hits} of {rate.n}"


def percent(rate: float) -> str:
    """«4.9 %»."""
    return f"{100 * rate:.1f} %"


def points(difference: float) -> str:
    """«-3.0», in percentage points."""
    return f"{100 * difference:+.1f}"
