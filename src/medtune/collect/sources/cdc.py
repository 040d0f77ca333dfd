"""The CDC: web pages from Content Services v2, and tables of data.cdc.gov (Socrata).

Facts: https://tools.cdc.gov/api/docs/info.aspx (pages by `max` and `pagenum`; a page's HTML from `syndicate`);
https://dev.socrata.com/docs/paging ($limit, $offset, and $order=:id for a stable order).
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.web.open import open_fetcher
from medtune.collect.web.pace import Limits
from medtune.config.collect import CdcSource
from medtune.core.console import progress
from medtune.core.errors import DataError
from medtune.core.hashing import sha256_text
from medtune.core.html_text import html_text
from medtune.runs.records.collect import Passage, Record, SourceFacts

TOKEN_VARIABLE = "CDC_APP_TOKEN"
ORIGIN = Origin(
    kind="cdc",
    licence="public domain (U.S. Government work), unless a page says otherwise",
    attribution="Content: Centers for Disease Control and Prevention (CDC)",
    url="https://www.cdc.gov",
    public=True,
    terms="CDC's use of agency materials (https://www.cdc.gov/other/agencymaterials.html): name the CDC as the source, "
    "say that use does not imply its endorsement, and leave out what a page marks as another's property.",
)
_LIMITS = Limits(requests=60)
_PAGES = 100
_ROWS = 1_000
_KEY_HELP = f"tables can be asked with a token of data.cdc.gov: `export {TOKEN_VARIABLE}=…`; unset a wrong one"


def inputs(_: CdcSource, __: SourceInput) -> tuple[Path, ...]:
    """Nothing on this machine is read."""
    return ()


def address(section: CdcSource) -> str | None:
    """Where it asks; None when it only reads this machine."""
    return section.table_address if section.table else section.address


def collect(section: CdcSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Fetch pages or rows. Raises ServerError, DataError, EgressError."""
    base = section.table_address if section.table else section.address
    token = os.environ.get(TOKEN_VARIABLE, "")
    headers = {"X-App-Token": token} if section.table and token else {}
    with open_fetcher(desk, base, _LIMITS, key_help=_KEY_HELP, headers=headers) as fetcher:
        source = _rows if section.table else _pages
        with progress(section.limit or 0, f"collect {given.name}") as bar:
            for name, record in source(section, given.name, base.rstrip("/"), fetcher):
                desk.drop(record, name) if isinstance(record, str) else desk.keep(record)
                bar.advance()
                if section.limit is not None and desk.kept >= section.limit:
                    break
        if not desk.kept:
            raise DataError(
                "the CDC has nothing with text for this",
                where=f"collect source {given.name}",
                next_step="try the topic at https://tools.cdc.gov/medialibrary, or the table at https://data.cdc.gov",
            )
        return source_facts(
            given.name,
            ORIGIN,
            desk,
            retrieved=fetcher.snapshot.retrieved(),
            sha256=fetcher.snapshot.digest(),
            documents=desk.kept,
        )


_Found = tuple[str, Record | str]
"""The id of a page or row, and its record or why there is none."""


def _pages(section: CdcSource, name: str, address: str, fetcher: Fetcher) -> Iterator[_Found]:
    """Every page that the list names, with its HTML as text."""
    params = {"mediatypes": "html", "languageisocode": "eng", "max": str(_PAGES), "sort": "id"}
    params |= {"topic": section.topic} if section.topic else {}
    params |= {"q": section.query} if section.query else {}
    number, seen = 0, set[str]()
    while True:
        number += 1
        wanted = Wanted(f"media-{number:05d}.json", f"{address}/v2/resources/media", {**params, "pagenum": str(number)})
        listed = fetcher.get(wanted, _check_media)
        found = json.loads(listed.body)
        if found["results"] and listed.sha256 in seen:
            raise _endless(address)
        seen.add(listed.sha256)
        for item in found["results"]:
            if str(item.get("mediaType", "")).lower() != "html":
                yield f"{name}/{item['id']}", "not a web page"
                continue
            url = f"{address}/v2/resources/media/{item['id']}/syndicate"
            page = fetcher.get(Wanted(f"page-{item['id']}.json", url, accept=frozenset({404, 410})), _check_content)
            yield f"{name}/{item['id']}", _page_record(item, json.loads(page.body) if page.status == 200 else {}, name)
        pages = (found["meta"].get("pagination") or {}).get("totalPages") or 0
        if not found["results"] or number >= int(pages):
            return


def _page_record(item: dict[str, Any], content: dict[str, Any], source: str) -> Record | str:
    results = content.get("results")
    first = results[0] if isinstance(results, list) and results else results
    text = html_text(str(first.get("content") or "")) if isinstance(first, dict) else ""
    if not text:
        return "page without text"
    name = f"{source}/{item['id']}"
    title = " ".join(str(item.get("name") or "").split())
    return Record(
        id=name,
        source=source,
        kind="document",
        form="health-page",
        topic=title,
        document=name,
        passages=(Passage(name="page", heading=title, text=text),),
        url=str(item.get("targetUrl") or item.get("sourceUrl") or ""),
        licence=ORIGIN.licence,
    )


def _rows(section: CdcSource, name: str, address: str, fetcher: Fetcher) -> Iterator[_Found]:
    """Every row of a table, in the table's own order."""
    start, seen = 0, set[str]()
    size = min(section.limit or _ROWS, _ROWS)
    while True:
        params = {"$limit": str(size), "$offset": str(start), "$order": ":id"}
        params |= {"$where": section.where} if section.where else {}
        url = f"{address}/resource/{section.table}.json"
        page = fetcher.get(Wanted(f"rows-{start:09d}.json", url, params), _check_rows)
        rows = json.loads(page.body)
        if rows and page.sha256 in seen:
            raise _endless(address)
        seen.add(page.sha256)
        for number, row in enumerate(rows, start=start):
            yield f"{name}/{section.table}:{number}", _row_record(row, str(section.table), name)
        start += len(rows)
        if len(rows) < size:
            return


def _row_record(row: dict[str, Any], table: str, source: str) -> Record | str:
    """A row is named by its content: the table's rows carry no id."""
    values = {key: value for key, value in sorted(row.items()) if isinstance(value, str) and value.strip()}
    if not values:
        return "row without values"
    text = "\n".join(f"{key.replace('_', ' ')}: {value}" for key, value in values.items())
    name = f"{source}/{table}/{sha256_text(text)[:16]}"
    return Record(
        id=name,
        source=source,
        kind="document",
        form="statistics",
        topic=table,
        document=f"{source}/{table}",
        passages=(Passage(name="row", heading="", text=text),),
        url=f"https://data.cdc.gov/d/{table}",
        licence=ORIGIN.licence,
    )


def _check_media(body: Path, _: int) -> None:
    value = _json(body)
    if not isinstance(value, dict) or not isinstance(value.get("meta"), dict) or not _media(value.get("results")):
        raise BadPageError("the answer holds no list of media", passing=True)
    status = value["meta"].get("status", 200)
    if status != 200:
        raise BadPageError(f"Content Services reports status {status}", passing=str(status).startswith("5"))
    pagination = value["meta"].get("pagination") or {}
    if not isinstance(pagination, dict) or not str(pagination.get("totalPages") or 0).isdecimal():
        raise BadPageError("the answer does not say how many pages there are", passing=True)


def _media(value: Any) -> bool:
    """A list of media; their ids become names of files."""
    return isinstance(value, list) and all(
        isinstance(item, dict) and re.fullmatch(r"[\w-]+", str(item.get("id", ""))) for item in value
    )


def _check_content(body: Path, status: int) -> None:
    if status == 200 and not isinstance(_json(body), dict):
        raise BadPageError("the answer is no page", passing=True)


def _check_rows(body: Path, _: int) -> None:
    value = _json(body)
    if not isinstance(value, list) or any(not isinstance(row, dict) for row in value):
        raise BadPageError("the answer is no list of rows", passing=True)


def _json(body: Path) -> Any:
    try:
        return json.loads(body.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadPageError("the answer is not JSON, or was cut off", passing=True) from error


def _endless(address: str) -> DataError:
    return DataError("the source repeats a page for ever", where=address, next_step="set `limit:` for this source")
