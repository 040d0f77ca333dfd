"""PubMed XML in files, as efetch gives it and as the baseline comes (packed, hundreds of MB unpacked): streamed."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from medtune.collect.source import Desk
from medtune.collect.sources.pubmed_article import article_record, pmid_of
from medtune.collect.xml import XmlError, elements
from medtune.core.errors import DataError

ARTICLE = frozenset({"PubmedArticle"})
UNPACKING_ERRORS = (OSError, EOFError, zlib.error)
_CHUNK_BYTES = 1 << 18


def read_file(path: Path, name: str, desk: Desk, limit: int | None = None) -> None:
    """Put every article of one XML file on the desk. Raises DataError naming the file."""
    try:
        for number, article in enumerate(elements(xml_chunks(path), ARTICLE), start=1):
            if limit is not None and desk.kept >= limit:
                return
            record = article_record(article, name)
            if isinstance(record, str):
                desk.drop(record, f"{name}/{pmid_of(article) or f'{path.name}:{number}'}")
            else:
                desk.keep(record)
    except (XmlError, *UNPACKING_ERRORS) as error:
        raise DataError(
            f"not readable: {error if isinstance(error, XmlError) else 'not a whole gzip file'}",
            where=str(path),
            next_step="fetch the file again, or take it out",
        ) from error


def is_packed(path: Path) -> bool:
    """True for a gzip file, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def xml_chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked when it is gzip by its first bytes. Raises UNPACKING_ERRORS."""
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if is_packed(path) else raw as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
