"""Publish a release on a Hugging Face hub: one commit, only what a clinical gate let pass, only when told to.

API: https://huggingface.co/docs/huggingface_hub/guides/upload. A token is read from HF_TOKEN and from nowhere else.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.hub import endpoint, opened_hub
from medtune.core.console import say
from medtune.core.errors import GateError, MedtuneError, ServerError, UsageError
from medtune.core.net import Egress
from medtune.runs.layout import SHA256SUMS, SIGNATURE
from medtune.runs.records.audit import BuildVerdict
from medtune.ship.folder import ReleaseFolder, listed_files

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
PUBLISHABLE = (BuildVerdict.RELEASE_GOLD, BuildVerdict.RELEASE_SAFE)
"""What may be published. A form verdict says nothing of the words; HOLD and REJECT never ship."""


@dataclass(frozen=True)
class Publication:
    """What would be, or was, published."""

    repository: str
    address: str
    files: tuple[Path, ...]
    private: bool

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(path.stat().st_size for path in self.files)


def plan_publication(found: ReleaseFolder, repository: str, *, private: bool) -> Publication:
    """What would be published. Touches no network. Raises GateError (verdict), UsageError (name)."""
    row = found.row
    if row.file is None or row.verdict not in PUBLISHABLE or row.scope != "clinical":
        why = (
            f"its verdict is {row.verdict} (scope {row.scope})"
            if row.verdict
            else f"nothing was released: {row.reason}"
        )
        raise GateError(
            f"this release is not published: {why}",
            where=str(found.path),
            next_step=f"only {' and '.join(PUBLISHABLE)} of a clinical gate may be published; see the report",
        )
    if not _NAME.fullmatch(repository):
        raise UsageError(f"{repository!r} is no OWNER/NAME", next_step="name it like `our-hospital/terms-7b`")
    names = [*listed_files(found.path), SHA256SUMS]
    names += [SIGNATURE] if (found.path / SIGNATURE).is_file() else []
    return Publication(
        repository, f"{endpoint()}/{repository}", tuple(found.path / name for name in sorted(names)), private
    )


def publish(planned: Publication, *, egress: Egress, update: bool) -> str:
    """Make the repository and one commit with every file; returns the commit's address.

    With `update` the repository must exist. One that was made for a commit that failed is removed again. Raises
    UsageError (no token, refused, name taken), EgressError, ServerError.
    """
    egress.check(endpoint())
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise UsageError(
            "publishing needs a token", next_step="set HF_TOKEN to a token that may write; it is read from nowhere else"
        )
    with opened_hub(egress) as hub, _explained(planned):
        api = hub.HfApi(endpoint=endpoint(), token=token)
        if not update:
            api.create_repo(planned.repository, private=planned.private, repo_type="model", exist_ok=False)
        try:
            operations = [
                hub.CommitOperationAdd(path_in_repo=path.name, path_or_fileobj=str(path)) for path in planned.files
            ]
            made = api.create_commit(
                planned.repository, operations, commit_message="Release, as audited", repo_type="model"
            )
        except BaseException:
            if not update:
                _remove(api, planned)
            raise
    return str(made.commit_url)


def _remove(api: Any, planned: Publication) -> None:
    try:
        api.delete_repo(planned.repository, repo_type="model")
        say(f"  the empty repository {planned.repository} was removed again")
    except Exception:  # whatever it is, the first error is the one to tell
        say(f"  an empty repository {planned.repository} was left behind: remove it by hand")


@contextlib.contextmanager
def _explained(planned: Publication) -> Iterator[None]:
    """Turn what huggingface_hub raises into our errors, by status."""
    errors = sys.modules["huggingface_hub"].errors
    transport = errors.HfHubHTTPError.__bases__[0]  # HTTPError of the client library that this release uses
    try:
        yield
    except MedtuneError:
        raise
    except (transport, errors.HfHubHTTPError, ConnectionError, TimeoutError, RuntimeError) as error:
        raise _by_status(_status_of(error), planned) from error


def _status_of(error: BaseException | None) -> int | None:
    """Of the answer behind an error; an upload's error only names it as its cause."""
    while error is not None:
        if (status := getattr(getattr(error, "response", None), "status_code", None)) is not None:
            return int(status)
        error = error.__cause__
    return None


def _by_status(status: int | None, planned: Publication) -> MedtuneError:
    where = planned.address
    if status in (401, 403):
        return UsageError(
            f"the hub refuses this token ({status})",
            where=where,
            next_step="set HF_TOKEN to a token of an account that may write there",
        )
    if status == 409:
        return UsageError(
            "a repository of that name is there already",
            where=where,
            next_step="choose another name, or add a commit to it with --update",
        )
    if status == 404:
        return UsageError(
            "the hub has no such repository or owner", where=where, next_step="check OWNER/NAME, or leave --update out"
        )
    return ServerError(
        f"the hub answered with status {status}" if status else "the hub cannot be reached",
        where=where,
        next_step="nothing was published; run the same command again later",
    )
