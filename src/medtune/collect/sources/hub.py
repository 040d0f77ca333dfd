"""A data set of the Hugging Face hub at a pinned commit: its data files only, never its scripts.

Facts: https://huggingface.co/docs/hub/api: `/api/datasets/NAME/tree/COMMIT` lists files, `/datasets/NAME/resolve/
COMMIT/FILE` gives one (redirected to a file host), the card's metadata stand in `/api/datasets/NAME/revision/COMMIT`.
"""

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.collect.sources.files import read_rows_of
from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.web.open import open_fetcher
from medtune.collect.web.pace import Limits
from medtune.config.collect import HubDataSource
from medtune.core.errors import DataError
from medtune.core.tables import TABLE_SUFFIXES
from medtune.runs.records.collect import SourceFacts

TOKEN_VARIABLE = "HF_TOKEN"
TERMS = (
    "The data set's own card states its licence and terms (https://huggingface.co/datasets); a gated data set is "
    "accepted there by its user before it can be fetched."
)
_PUBLIC = "https://huggingface.co"
_LIMITS = Limits(requests=300, page_size_bytes=20 << 30, page_deadline_s=6 * 3600.0)
_KEY_HELP = (
    "open the data set's page, accept its terms if it asks for that, make a token at "
    f"https://huggingface.co/settings/tokens and set it: `export {TOKEN_VARIABLE}=…`"
)


def address(section: HubDataSource) -> str | None:
    """The hub, or the mirror that HF_ENDPOINT names."""
    return section.address or os.environ.get("HF_ENDPOINT") or _PUBLIC


def inputs(_: HubDataSource, __: SourceInput) -> tuple[Path, ...]:
    """Nothing on this machine is read; a local copy is a `files` source."""
    return ()


def collect(section: HubDataSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Fetch the data files and read their rows. Raises ServerError, DataError, EgressError."""
    base = (address(section) or _PUBLIC).rstrip("/")
    token = os.environ.get(TOKEN_VARIABLE, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with open_fetcher(desk, base, _LIMITS, key_help=_KEY_HELP, headers=headers, follow_redirects=True) as fetcher:
        card = _json(fetcher, "card.json", f"{base}/api/datasets/{section.dataset}/revision/{section.revision}")
        licence = section.licence or _licence(card)
        documents: set[str] = set()
        for name in _data_files(section, base, fetcher):
            wanted = Wanted(_local(name), f"{base}/datasets/{section.dataset}/resolve/{section.revision}/{quote(name)}")
            columns = {str(field): column for field, column in section.columns.items()}
            page = fetcher.get(wanted, _check_not_empty)
            documents |= read_rows_of(
                page.path,
                desk,
                label=name,
                source=given.name,
                licence=licence,
                columns=columns,
                limit=section.limit,
            )
        if not desk.kept:
            raise DataError(
                "no row of this data set has both a question and an answer",
                where=f"{section.dataset} at {section.revision[:12]}",
                next_step="name its columns with `columns:`, or its files with `files:`",
            )
        origin = Origin(
            kind="hub",
            licence=licence,
            attribution=f"Data set {section.dataset} of the Hugging Face hub",
            url=f"{_PUBLIC}/datasets/{section.dataset}/tree/{section.revision}",
            public=section.public,
            terms=TERMS,
        )
        return source_facts(
            given.name,
            origin,
            desk,
            retrieved=fetcher.snapshot.retrieved(),
            sha256=fetcher.snapshot.digest(),
            documents=len(documents),
        )


def _data_files(section: HubDataSource, base: str, fetcher: Fetcher) -> list[str]:
    """Paths of the data files, sorted. Raises DataError for a data set that is a script."""
    where = f"{section.dataset} at {section.revision[:12]}"
    url = f"{base}/api/datasets/{section.dataset}/tree/{section.revision}"
    tree = json.loads(fetcher.get(Wanted("tree.json", url, {"recursive": "true"}), _check_tree).body)
    listed = [item["path"] for item in tree if item.get("type") == "file"]
    usable = sorted(path for path in listed if PurePosixPath(path).suffix.lower() in TABLE_SUFFIXES)
    wanted = [
        path
        for path in usable
        if not section.files or any(PurePosixPath(path).match(pattern) for pattern in section.files)
    ]
    if not wanted:
        scripts = [path for path in listed if path.endswith(".py")]
        reason = (
            "is made by a script, which medtune never runs" if scripts and not usable else "holds no such data file"
        )
        raise DataError(
            f"this data set {reason}",
            where=where,
            next_step=f"choose a revision with files of {', '.join(TABLE_SUFFIXES)} (often refs/convert/parquet), "
            "or export it and use `kind: files`",
        )
    return wanted


def _local(name: str) -> str:
    return name.replace("/", "__")


def _licence(card: Any) -> str:
    data = card.get("cardData") if isinstance(card, dict) else None
    named = data.get("license") if isinstance(data, dict) else None
    if isinstance(named, list):
        named = ", ".join(map(str, named))
    return str(named) if named else "not stated on the data set's card"


def _json(fetcher: Fetcher, name: str, url: str) -> Any:
    return json.loads(fetcher.get(Wanted(name, url), _check_json).body)


def _check_json(body: Path, _: int) -> None:
    try:
        json.loads(body.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadPageError("the answer is not JSON, or was cut off", passing=True) from error


def _check_tree(body: Path, status: int) -> None:
    _check_json(body, status)
    tree = json.loads(body.read_bytes())
    if not isinstance(tree, list) or not all(
        isinstance(item, dict) and isinstance(item.get("path"), str) for item in tree
    ):
        raise BadPageError("the answer is no list of files", passing=True)


def _check_not_empty(body: Path, _: int) -> None:
    if body.stat().st_size == 0:
        raise BadPageError("an empty file", passing=False)
