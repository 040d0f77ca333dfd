"""What differs between two releases, by what their release.json files say."""

from dataclasses import dataclass
from typing import Any

from medtune.ship.folder import ReleaseFolder

_IDENTITY = ("name", "released", "verdict", "scope", "task", "file", "sha256", "sign_off")
_RATES = {"whole_form": "whole form", "garble": "garbled", "refusal": "refused", "cut_off": "cut off"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same; values are what the two releases say, in words."""

    part: str
    what: str
    first: str
    second: str


def compare_releases(first: ReleaseFolder, second: ReleaseFolder) -> list[Difference]:
    """Every difference: what it is, what it was made of, how it was served, what was measured."""
    a, b = first.row.model_dump(mode="json"), second.row.model_dump(mode="json")
    found = [Difference("release", key, _shown(a[key]), _shown(b[key])) for key in _IDENTITY if a[key] != b[key]]
    for part in ("build", "served", "made_with", "adjudications", "digests", "tools"):
        found += _differences(part, "", a[part], b[part])
    return found + _figures(a["figures"], b["figures"])


def _differences(part: str, path: str, first: Any, second: Any) -> list[Difference]:
    if isinstance(first, dict) and isinstance(second, dict):
        found = []
        for key in sorted(first.keys() | second.keys()):
            found += _differences(part, f"{path}.{key}".lstrip("."), first.get(key), second.get(key))
        return found
    return [] if first == second else [Difference(part, path, _shown(first), _shown(second))]


def _figures(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    found = []
    for build in sorted(first.keys() | second.keys()):
        a, b = first.get(build), second.get(build)
        if a is None or b is None:
            found.append(Difference("audit", build, "audited" if a else "–", "audited" if b else "–"))
            continue
        if a["verdict"] != b["verdict"]:
            found.append(Difference("audit", f"{build}: verdict", a["verdict"], b["verdict"]))
        found += [
            Difference("audit", f"{build}: {words}", _rate(a[key]), _rate(b[key]))
            for key, words in _RATES.items()
            if a[key] != b[key]
        ]
    return found


def _rate(figure: dict[str, Any]) -> str:
    low, high = 100 * figure["low"], 100 * figure["high"]
    return f"{100 * figure['rate']:.1f} % ({low:.1f} to {high:.1f}; {figure['hits']} of {figure['n']})"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    text = str(value)
    return f"{text[:16]}…" if len(text) == 64 and text.isalnum() else text
