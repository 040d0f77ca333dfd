"""Kind `quotes`: one JSON object with one list of strings, and nothing else around it."""

import json
from typing import Any, Literal

from pydantic import Field

from medtune.tasks.contracts.spec import Contract, count_units
from medtune.tasks.result import Form, Problem, quoted


class QuotesContract(Contract):
    """One JSON object that holds a list of quotations."""

    kind: Literal["quotes"]
    """One JSON object that holds a list of quotations."""
    key: str = Field(min_length=1)
    """The only key of the object."""
    max_words: int = Field(ge=1)
    """A longer string is a copy of the document, not a quotation."""


class _TwiceError(ValueError):
    """A key stands twice in an object."""


def check(contract: QuotesContract, text: str) -> Form:
    """The object and its strings; `quotes` holds the strings as soon as they can be read."""
    value, problems = _object(text)
    if value is None:
        return Form(tuple(problems), {})
    if set(value) != {contract.key}:
        reason = f"the object has {_keys(value)} instead of the one key {contract.key}"
        return Form((*problems, Problem("keys", reason, quoted(text))), {})
    strings = value[contract.key]
    if not isinstance(strings, list) or not all(isinstance(one, str) for one in strings):
        return Form((*problems, Problem("not_strings", f"{contract.key} is no list of strings", quoted(text))), {})
    if not strings:
        problems.append(Problem("none", "no quotation stands in the list", quoted(text)))
    for one in strings:
        if not count_units(one):
            problems.append(Problem("blank", "a string without a word", quoted(one)))
        elif (words := count_units(one)) > contract.max_words:
            reason = f"a string of {words} words, at most {contract.max_words} make a quotation"
            problems.append(Problem("too_long", reason, quoted(one)))
    return Form(tuple(problems), {contract.key: "\n".join(strings)}, tuple(strings))


def _object(text: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The first JSON object of the text, and what is wrong around it."""
    bare = text.strip()
    start = bare.find("{")
    if start < 0:
        return None, [Problem("not_json", "there is no JSON object", quoted(text))]
    try:
        value, end = json.JSONDecoder(object_pairs_hook=_unique).raw_decode(bare, start)
    except _TwiceError:
        return None, [Problem("keys", "a key stands twice in the object", quoted(text))]
    except (ValueError, RecursionError):
        return None, [Problem("not_json", "the text cannot be read as JSON", quoted(text))]
    around = (bare[:start] + " " + bare[end:]).strip()
    return value, [Problem("around", "text stands around the object", quoted(around))] if around else []


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _TwiceError
    return value


def _keys(value: dict[str, Any]) -> str:
    return f"the keys {quoted(', '.join(value))}" if value else "no key"
