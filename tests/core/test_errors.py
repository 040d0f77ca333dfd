"""The error tree: exit codes, and a next step in every message."""

from collections.abc import Iterator

import pytest

from medtune.core import errors


def tree(kind: type[errors.MedtuneError]) -> Iterator[type[errors.MedtuneError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("kind", sorted(set(tree(errors.MedtuneError)), key=lambda kind: kind.__name__))
def test_every_error_says_what_where_and_what_next(kind: type[errors.MedtuneError]) -> None:
    text = str(kind("the lamp is broken", where="room 3", next_step="change the lamp"))
    assert text.splitlines() == ["the lamp is broken", "  where: room 3", "  next:  change the lamp"]


def test_exit_codes() -> None:
    codes = {kind.__name__: kind.exit_code for kind in tree(errors.MedtuneError)}
    assert codes["MedtuneError"] == 1
    assert codes["GateError"] == 3
    assert codes["ToolchainError"] == 1
    users = {kind.__name__ for kind in tree(errors.UsageError)}
    assert len(users) == 8
    assert {codes[name] for name in users} == {2}
    assert all(f"{name} " in (errors.__doc__ or "") for name in codes)
