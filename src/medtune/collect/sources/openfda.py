"""Drug labels from openFDA's /drug/label.json, paged by `search_after`.

Facts: docs of open.fda.gov: 240 requests a minute, 1,000 a day without a key and 120,000 with one; `limit` up to 1,000;
the next page's address stands in the Link header; 404 with NOT_FOUND means no match.
"""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.collect.sources.openfda_label import label_id, label_record
from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.web.open import open_fetcher
from medtune.collect.web.pace import Limits
from medtune.collect.web.snapshot import Page
from medtune.config.collect import OpenfdaSource
from medtune.core.console import progress
from medtune.core.errors import DataError
from medtune.runs.records.collect import SourceFacts

KEY_VARIABLE = "OPENFDA_API_KEY"
ORIGIN = Origin(
    kind="openfda",
    licence="CC0 1.0",
    attribution="Drug labels: openFDA, U.S. Food and Drug Administration",
    url="https://open.fda.gov/apis/drug/label/",
    public=True,
    terms="openFDA's terms of service (https://open.fda.gov/terms/): the data is unvalidated, no basis for decisions "
    "about medical care; do not imply that the FDA endorses what is made from it.",
)
_PER_MINUTE = 240
_PER_DAY_WITHOUT_KEY = 1_000
_KEY_HELP = (
    f"get a free key at https://open.fda.gov/apis/authentication/ and set it: `export {KEY_VARIABLE}=…` "
    "(a wrong key is refused; `unset` works for 1,000 requests a day)"
)
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


def inputs(_: OpenfdaSource, __: SourceInput) -> tuple[Path, ...]:
    """Nothing on this machine is read."""
    return ()


def address(section: OpenfdaSource) -> str | None:
    """Where it asks; None when it only reads this machine."""
    return section.address


def collect(section: OpenfdaSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Fetch and read every label that the query finds. Raises ServerError, DataError, EgressError."""
    key = os.environ.get(KEY_VARIABLE, "")
    limits = Limits(requests=_PER_MINUTE, per_run=None if key else _PER_DAY_WITHOUT_KEY)
    with open_fetcher(desk, section.address, limits, key_help=_KEY_HELP) as fetcher:
        documents = _read_pages(section, given.name, desk, fetcher, {"api_key": key} if key else {})
        if not documents:
            raise DataError(
                f"openFDA knows no label for {section.search!r}",
                where=f"collect source {given.name}",
                next_step="try the query at https://open.fda.gov/apis/drug/label/explore-the-api-with-an-interactive-chart/",
            )
        if not desk.kept:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(desk.dropped.items()))
            raise DataError(
                f"none of {documents} labels can be used ({reasons})",
                where=f"collect source {given.name}",
                next_step="widen the query, or ask for labels of prescription drugs",
            )
        return source_facts(
            given.name,
            ORIGIN,
            desk,
            retrieved=fetcher.snapshot.retrieved(),
            sha256=fetcher.snapshot.digest(),
            documents=documents,
        )


def _read_pages(section: OpenfdaSource, name: str, desk: Desk, fetcher: Fetcher, secrets: dict[str, str]) -> int:
    """Read page after page; returns how many labels were read."""
    url = f"{section.address.rstrip('/')}/drug/label.json"
    size = min(section.page_size, section.limit or section.page_size)
    params = {"search": section.search, "limit": str(size)}
    seen: set[str] = set()
    read = number = 0
    with progress(section.limit or 0, f"collect {name}") as bar:
        while True:
            number += 1
            wanted = Wanted(f"page-{number:06d}.json", url, params, secrets, accept=frozenset({404}))
            page = fetcher.get(wanted, check_page)
            labels = [] if page.status == 404 else json.loads(page.body)["results"]
            if labels and page.sha256 in seen:
                raise _endless(page, url)
            seen.add(page.sha256)
            for label in labels[: section.limit - read if section.limit else None]:
                read += 1
                record = label_record(label, name, ORIGIN.licence)
                if isinstance(record, str):
                    desk.drop(record, f"{name}/{label_id(label) or f'{page.name}:{read}'}")
                else:
                    desk.keep(record)
                bar.advance()
            following = _next_params(page)
            if not labels or following is None or (section.limit is not None and read >= section.limit):
                return read
            params = following


def check_page(body: Path, status: int) -> None:
    """A page is JSON with `results`, or (404) openFDA's own «no match»."""
    try:
        value = json.loads(body.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadPageError("the answer is not JSON, or was cut off", passing=True) from error
    if status == 404:
        if not isinstance(value, dict) or (value.get("error") or {}).get("code") != "NOT_FOUND":
            raise BadPageError("status 404, and not openFDA's answer for «no match»", passing=False)
    elif not isinstance(value, dict) or not _objects(value.get("results")):
        raise BadPageError("the answer holds no list `results` of labels", passing=True)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _next_params(page: Page) -> dict[str, str] | None:
    """Parameters of the page after this one, without a key; None at the end."""
    found = _NEXT.search(page.headers.get("link", ""))
    if not found:
        return None
    params: dict[str, Any] = dict(parse_qsl(urlsplit(found[1]).query))
    params.pop("api_key", None)
    return params


def _endless(page: Page, url: str) -> DataError:
    return DataError(
        f"{page.name} repeats an earlier page: the source would go on for ever",
        where=url,
        next_step="set `limit:` for this source, or check its address",
    )
