"""Pages of the NHS website content API: single pages, and all pages of A to Z lists.

Facts: https://digital.nhs.uk/developer/api-catalogue/nhs-website-content: a key in the `apikey` header; schema.org
JSON; lists page through `relatedLink` of the kind Pagination. 300 requests a minute is the platform's default.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.collect.sources.nhs_page import chapter_links, is_list, page_record
from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.web.open import open_fetcher
from medtune.collect.web.pace import Limits
from medtune.collect.web.snapshot import Page
from medtune.config.collect import NhsSource
from medtune.core.console import progress
from medtune.core.errors import DataError
from medtune.core.hashing import sha256_text
from medtune.runs.records.collect import SourceFacts

KEY_VARIABLE = "NHS_API_KEY"
ORIGIN = Origin(
    kind="nhs",
    licence="Open Government Licence v3.0, Crown copyright",
    attribution="Content supplied by the NHS website (https://www.nhs.uk); Crown copyright",
    url="https://www.nhs.uk",
    public=True,
    terms="NHS website content terms (https://developer.api.nhs.uk/terms): name the NHS website as the source wherever "
    "its content is shown, keep copies up to date, and do not imply that the NHS endorses what is made from it.",
)
_LIMITS = Limits(requests=300)
_KEY_HELP = (
    f"get a key at https://digital.nhs.uk/developer (NHS website content API) and set it: `export {KEY_VARIABLE}=…`"
)


def inputs(_: NhsSource, __: SourceInput) -> tuple[Path, ...]:
    """Nothing on this machine is read."""
    return ()


def address(section: NhsSource) -> str | None:
    """Where it asks; None when it only reads this machine."""
    return section.address


def collect(section: NhsSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Fetch the pages. Raises ServerError, DataError, EgressError."""
    headers = {"apikey": os.environ.get(KEY_VARIABLE, ""), "Accept": "application/json"}
    with open_fetcher(desk, section.address, _LIMITS, key_help=_KEY_HELP, headers=headers) as fetcher:
        site = _Site(section.address.rstrip("/"), fetcher)
        paths = [_plain(path) for path in section.pages]
        for listed in section.lists:
            paths += site.listed(listed)
        _read(list(dict.fromkeys(paths)), section.limit, given.name, desk, site)
        if not desk.kept:
            raise DataError(
                "none of these pages holds text",
                where=f"collect source {given.name}",
                next_step="give paths as on www.nhs.uk, e.g. `conditions/acne`",
            )
        return source_facts(
            given.name,
            ORIGIN,
            desk,
            retrieved=fetcher.snapshot.retrieved(),
            sha256=fetcher.snapshot.digest(),
            documents=desk.kept,
        )


def _read(paths: list[str], limit: int | None, name: str, desk: Desk, site: "_Site") -> None:
    """Read pages and the chapters below them, in order, each once."""
    wanted, known = list(paths), set(paths)
    with progress(limit or len(wanted), f"collect {name}") as bar:
        while wanted and (limit is None or desk.rows < limit):
            path = wanted.pop(0)
            page = site.page(path)
            bar.advance()
            if page is None:
                desk.drop("no such page", f"{name}/{path}")
                continue
            below = [link for link in map(site.path_of, chapter_links(page)) if link.startswith(f"{path}/")]
            fresh = [link for link in dict.fromkeys(below) if link not in known]
            wanted[:0] = fresh
            known.update(fresh)
            record = page_record(page, path, name, ORIGIN.licence)
            desk.drop(record, f"{name}/{path}") if isinstance(record, str) else desk.keep(record)


class _Site:
    """The API at one address."""

    def __init__(self, address: str, fetcher: Fetcher) -> None:
        self._address = address
        self._fetcher = fetcher

    def page(self, path: str) -> dict[str, Any] | None:
        """One page's JSON; None when there is no such page."""
        page = self._get(path, {})
        return None if page.status == 404 else dict(json.loads(page.body))

    def listed(self, wanted: str) -> list[str]:
        """Paths of all pages of a list. Raises DataError for a list that never ends or is none."""
        path, _, query = wanted.partition("?")
        path, params = _plain(path), dict(parse_qsl(query))
        found: list[str] = []
        seen: set[str] = set()
        while True:
            page = self._get(path, params)
            value = {} if page.status == 404 else json.loads(page.body)
            if not is_list(value):
                raise DataError(
                    f"{wanted} is no list of the NHS website",
                    where=self._address,
                    next_step="name a list such as `conditions` or `medicines`, or put the page under `pages:`",
                )
            if page.sha256 in seen:
                raise DataError(f"the list {wanted} repeats for ever", where=self._address, next_step="name its pages")
            seen.add(page.sha256)
            found += [self.path_of(link["url"]) for link in value["significantLink"] if link.get("url")]
            after = [link["url"] for link in value.get("relatedLink", []) if link.get("name") == "Next Page"]
            if not after:
                return found
            params = dict(parse_qsl(urlsplit(after[0]).query))

    def path_of(self, url: str) -> str:
        """A link's path below the API's or the website's root."""
        path = urlsplit(url).path
        root = urlsplit(self._address).path.rstrip("/")
        return _plain(path.removeprefix(root) if root and path.startswith(root) else path.replace(_API_ROOT, "", 1))

    def _get(self, path: str, params: dict[str, str]) -> Page:
        name = f"{path.replace('/', '_')[:80]}-{sha256_text(f'{path}?{sorted(params.items())}')[:12]}.json"
        return self._fetcher.get(Wanted(name, f"{self._address}/{path}/", params, accept=frozenset({404})), _check)


_API_ROOT = "/nhs-website-content"


def _plain(path: str) -> str:
    return path.strip("/")


def _check(body: Path, status: int) -> None:
    try:
        value = json.loads(body.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadPageError("the answer is not JSON, or was cut off", passing=True) from error
    if not isinstance(value, dict):
        raise BadPageError("the answer is no page", passing=False)
    if status == 200 and "@type" not in value and "mainEntityOfPage" not in value:
        raise BadPageError("the answer is no page of the NHS website", passing=False)
    if is_list(value) and not all(_links(value.get(name, [])) for name in ("significantLink", "relatedLink")):
        raise BadPageError("the answer is no list of the NHS website", passing=False)


def _links(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(link, dict) and isinstance(link.get("url", ""), str) for link in value
    )
