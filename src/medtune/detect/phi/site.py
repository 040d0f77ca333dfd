"""Patterns that only a site knows: the form of its record numbers, the names of its wards."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medtune.detect.phi.found import KINDS, Found


@dataclass(frozen=True)
class SiteRecognizer:
    """Regular expressions by kind."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]

    def find(self, text: str) -> Iterable[Found]:
        """Every match is an identifier."""
        for kind, pattern in self.patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    yield Found(match.start(), match.end(), kind, 0.98)


def site_recognizer(patterns: Mapping[str, Iterable[str]]) -> SiteRecognizer:
    """Raises ValueError that names a kind that does not exist or an expression that cannot be read."""
    read = []
    for kind, expressions in patterns.items():
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}; kinds are {', '.join(KINDS)}")
        for expression in expressions:
            try:
                read.append((kind, re.compile(expression)))
            except re.error as error:
                raise ValueError(f"the pattern {expression!r} of {kind} cannot be read: {error}") from error
    return SiteRecognizer(tuple(read))
