"""A PubMed query over NCBI's E-utilities: search once, then batch by batch, each checked before it is kept.

Facts: https://www.ncbi.nlm.nih.gov/books/NBK25499: esearch gives at most 10,000 PubMed ids; efetch takes the history of
a search. A batch whose history has expired is asked by its ids. NCBI also answers 200 with JSON, HTML or an error.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from medtune.collect.sources.pubmed_files import ARTICLE, xml_chunks
from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.xml import XmlError, elements
from medtune.core.console import progress
from medtune.core.errors import DataError

_MOST_IDS = 9_999
_BATCH = 200
_HISTORY_GONE = (b"WebEnv", b"history", b"query_key")


@dataclass(frozen=True)
class Query:
    """What is asked, and where."""

    term: str
    limit: int | None
    base: str
    """Address of the E-utilities' folder."""
    secrets: dict[str, str]


def fetch_batches(query: Query, name: str, fetcher: Fetcher, read: Callable[[Path], None]) -> None:
    """Search, then hand each batch's XML to `read`. Raises ServerError, DataError, EgressError."""
    most = min(query.limit or _MOST_IDS, _MOST_IDS)
    common = {"db": "pubmed", "tool": "medtune"}
    search = {**common, "term": query.term, "usehistory": "y", "retmode": "json", "retmax": str(most)}
    page = fetcher.get(Wanted("search.json", f"{query.base}/esearch.fcgi", search, query.secrets), _check_search)
    found = json.loads(page.body)["esearchresult"]
    count, ids = int(found["count"]), [str(name) for name in found["idlist"]]
    if count > len(ids) and query.limit is None:
        raise DataError(
            f"the query finds {count} articles; PubMed gives at most {_MOST_IDS} to one query",
            where=f"collect source {name}",
            next_step="narrow the query (e.g. by `AND 2020:2022[dp]`), set `limit:`, or use `baseline:` files",
        )
    with progress(len(ids), f"collect {name}") as bar:
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            fetch = {**common, "retmode": "xml"}
            by_history = {
                **fetch,
                "WebEnv": str(found.get("webenv", "")),
                "query_key": str(found.get("querykey", "")),
                "retstart": str(start),
                "retmax": str(len(batch)),
            }
            read(_fetch_batch(query, start // _BATCH, by_history, {**fetch, "id": ",".join(batch)}, fetcher))
            bar.advance(len(batch))


def _fetch_batch(
    query: Query, number: int, by_history: dict[str, str], by_ids: dict[str, str], fetcher: Fetcher
) -> Path:
    """The XML of one batch: from the search's history while NCBI keeps it, else by ids."""
    url, name = f"{query.base}/efetch.fcgi", f"batch-{number:05d}.xml"
    asked_by_ids = fetcher.snapshot.find(name, {"url": url, "params": dict(sorted(by_ids.items()))}) is not None
    if by_history["WebEnv"] and not asked_by_ids:
        try:
            return fetcher.get(Wanted(name, url, by_history, query.secrets), _check_articles).path
        except DataError as error:
            if not isinstance(error.__cause__, _HistoryGoneError):
                raise
    return fetcher.get(Wanted(name, url, by_ids, query.secrets), _check_articles).path


class _HistoryGoneError(BadPageError):
    """NCBI no longer keeps the search."""


def _check_search(body: Path, _: int) -> None:
    value = _json(body)
    result = value.get("esearchresult") if isinstance(value, dict) else None
    if isinstance(value, dict) and "rate limit" in str(value.get("error", "")).lower():
        raise BadPageError("NCBI's rate limit", passing=True)
    if not isinstance(result, dict) or not _numbers(result.get("idlist")) or not _numbers([result.get("count")]):
        problem = str(result.get("ERROR", "")) if isinstance(result, dict) else ""
        raise BadPageError(f"no search result {problem[:200]}".strip(), passing=not problem, next_step="mend the query")


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(str(item).isdecimal() for item in value)


def _check_articles(body: Path, _: int) -> None:
    """A batch is well-formed XML with articles; NCBI also answers 200 with JSON, HTML or an error in XML."""
    with body.open("rb") as file:
        head = file.read(2000).lstrip()
    if head.startswith(b"{"):
        raise BadPageError("NCBI's rate limit" if b"rate limit" in head else "JSON in place of XML", passing=True)
    if b"<PubmedArticleSet" not in head:
        if b"<ERROR>" in head or b"<eFetchResult" in head:
            if any(word in head for word in _HISTORY_GONE):
                raise _HistoryGoneError("the search's history has expired", passing=False)
            raise BadPageError("NCBI's answer is an error", passing=True)
        raise BadPageError("the answer is not PubMed XML", passing=True)
    try:
        for _article in elements(xml_chunks(body), ARTICLE):
            pass
    except XmlError as error:
        raise BadPageError(str(error), passing=True) from error


def _json(body: Path) -> object:
    try:
        return cast(object, json.loads(body.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise BadPageError("the answer is not JSON, or was cut off", passing=True) from error
