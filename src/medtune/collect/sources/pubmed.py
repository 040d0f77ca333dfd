"""PubMed abstracts: a query over NCBI's E-utilities, baseline files by name, or files that lie here already.

Rates: https://www.ncbi.nlm.nih.gov/books/NBK25497/: 3 requests a second, 10 with a key.
"""

import os
from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, digest_of, last_changed, source_facts
from medtune.collect.sources.pubmed_article import LICENCE
from medtune.collect.sources.pubmed_eutils import Query, fetch_batches
from medtune.collect.sources.pubmed_files import UNPACKING_ERRORS, is_packed, read_file, xml_chunks
from medtune.collect.web.fetch import BadPageError, Wanted
from medtune.collect.web.open import open_fetcher
from medtune.collect.web.pace import Limits
from medtune.config.collect import PubmedSource
from medtune.core.errors import DataError
from medtune.runs.records.collect import SourceFacts

KEY_VARIABLE = "NCBI_API_KEY"
MAIL_VARIABLE = "NCBI_EMAIL"
ORIGIN = Origin(
    kind="pubmed",
    licence=LICENCE,
    attribution="Abstracts: PubMed, U.S. National Library of Medicine",
    url="https://pubmed.ncbi.nlm.nih.gov/",
    public=True,
    terms="NLM's terms (https://www.nlm.nih.gov/databases/download/terms_and_conditions.html): NLM does not own the "
    "abstracts; their publishers or authors may. Records that reserve the training of AI are left out.",
)
_KEY_HELP = f"get a key in your NCBI account's settings and set it: `export {KEY_VARIABLE}=…`, or unset a wrong one"


def inputs(_: PubmedSource, given: SourceInput) -> tuple[Path, ...]:
    """The XML files on this machine that would be read. Raises DataError."""
    if given.path is None:
        return ()
    if given.path.is_dir():
        files = sorted(path for path in given.path.rglob("*") if path.name.endswith((".xml", ".xml.gz")))
        if files:
            return (given.path, *files)
    elif given.path.is_file():
        return (given.path,)
    raise DataError("no PubMed XML here", where=str(given.path), next_step="name an .xml or .xml.gz file, or a folder")


def address(section: PubmedSource) -> str | None:
    """Where it asks; None when it only reads this machine."""
    if section.path is not None:
        return None
    return section.address if section.query else section.baseline_address


def collect(section: PubmedSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Read the articles of files, baseline files or a query. Raises ServerError, DataError, EgressError."""
    if given.path is not None:
        files = [path for path in inputs(section, given) if path.is_file()]
        for path in files:
            read_file(path, given.name, desk, section.limit)
        _warn_empty(desk, str(given.path))
        return source_facts(
            given.name,
            ORIGIN,
            desk,
            retrieved=last_changed(files),
            sha256=digest_of(given.path, files),
            documents=desk.kept,
        )
    secrets = {name: value for name, value in _account().items() if value}
    base = section.address if section.query else section.baseline_address
    limits = Limits(requests=10 if "api_key" in secrets else 3, window_s=1.0)
    with open_fetcher(desk, base, limits, key_help=_KEY_HELP) as fetcher:
        if section.query:
            query = Query(section.query, section.limit, f"{base.rstrip('/')}/entrez/eutils", secrets)
            fetch_batches(query, given.name, fetcher, lambda path: read_file(path, given.name, desk))
        for file in section.baseline:
            wanted = Wanted(file, f"{base.rstrip('/')}/{file}")
            read_file(fetcher.get(wanted, _check_gzip).path, given.name, desk, section.limit)
        _warn_empty(desk, section.query or ", ".join(section.baseline))
        return source_facts(
            given.name,
            ORIGIN,
            desk,
            retrieved=fetcher.snapshot.retrieved(),
            sha256=fetcher.snapshot.digest(),
            documents=desk.kept,
        )


def _account() -> dict[str, str]:
    """What identifies the user to NCBI; from the environment only, never written down."""
    return {"api_key": os.environ.get(KEY_VARIABLE, ""), "email": os.environ.get(MAIL_VARIABLE, "")}


def _check_gzip(body: Path, _: int) -> None:
    try:
        packed = is_packed(body)
        for _chunk in xml_chunks(body):
            pass
    except UNPACKING_ERRORS as error:
        raise BadPageError("not a whole gzip file", passing=True) from error
    if not packed:
        raise BadPageError("no gzip file, perhaps an error page", passing=True)


def _warn_empty(desk: Desk, where: str) -> None:
    if not desk.kept:
        reasons = (f"{count} {reason}" for reason, count in sorted(desk.dropped.items()))
        raise DataError(
            "no article with an abstract that may be used" + "".join(f"; {reason}" for reason in reasons),
            where=where,
            next_step="try the query at https://pubmed.ncbi.nlm.nih.gov/",
        )
