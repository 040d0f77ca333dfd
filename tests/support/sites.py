"""Every network source of the shipped recipes on one server at 127.0.0.1: recorded answers where there are some."""

import io
import json
from pathlib import Path
from typing import Any

from pages import Answer, Asked

from medtune.config.recipe import Recipe

TESTS = Path(__file__).parents[1]
PAYLOADS = TESTS / "collect" / "payloads"
NHS_ROOT = "/nhs-website-content"
NHS_PAGES = {
    "medicines/acrivastine": "medicines-acrivastine-no-params",
    "conditions/achalasia": "conditions-achalasia-no-params",
}
PATHS = {"openfda": "", "pubmed": "", "nhs": NHS_ROOT, "cdc": "/api", "hub": ""}
"""What stands behind the server's address for each kind of source."""
KEYS = {"NHS_API_KEY": "mine"}
"""Environment of a run that reads these sources."""


def address_overrides(recipe: Recipe, address: str) -> list[str]:
    """Overrides that point every network source of a recipe at the server."""
    return [
        f"collect.sources.{number}.address={address}{PATHS[source.kind]}"
        for number, source in enumerate(recipe.collect.sources)
        if source.kind in PATHS
    ]


def reply(asked: Asked) -> Answer:
    """Answer as the service would whose path was asked."""
    parts = asked.path.strip("/").split("/")
    match parts[0]:
        case "drug":
            return _labels(asked)
        case "entrez":
            return _pubmed(asked)
        case "nhs-website-content":
            return _nhs(asked)
        case "datasets":
            return Answer(_parquet())
    if parts[:2] == ["api", "datasets"]:
        return _dataset(parts)
    return _cdc(asked) if parts[0] == "api" else Answer(b"nothing here", 404)


def _labels(asked: Asked) -> Answer:
    """One whole label of openFDA's; there is no second page."""
    label = json.loads((TESTS / "prepare" / "label.json").read_bytes())
    return _json({"results": [{"id": "one", "set_id": "one", **label}]})


def _pubmed(asked: Asked) -> Answer:
    if asked.path.endswith("esearch.fcgi"):
        found = {"count": "1", "idlist": ["22663011"], "webenv": "MCID_1", "querykey": "1"}
        return _json({"esearchresult": found})
    return Answer((PAYLOADS / "pubmed" / "efetch_citation_22663011.xml").read_bytes())


def _nhs(asked: Asked) -> Answer:
    """Each list names two recorded pages."""
    if asked.headers.get("apikey") != KEYS["NHS_API_KEY"]:
        return Answer((PAYLOADS / "nhs" / "error-missing-subscription-key.json").read_bytes(), 401)
    path = asked.path.removeprefix(NHS_ROOT).strip("/")
    if path in ("conditions", "medicines"):
        pages = [name for name in NHS_PAGES if name.startswith(path)]
        links = [{"url": f"https://api.service.nhs.uk{NHS_ROOT}/{name}/"} for name in pages]
        return _json({"@type": "CollectionPage", "significantLink": links, "relatedLink": []})
    if path in NHS_PAGES:
        return Answer((PAYLOADS / "nhs" / f"{NHS_PAGES[path]}.json").read_bytes())
    return Answer((PAYLOADS / "nhs" / "error-resource-not-found.json").read_bytes(), 404)


def _cdc(asked: Asked) -> Answer:
    if asked.path.endswith("/syndicate"):
        return Answer((PAYLOADS / "cdc" / "hhs_media_v2_docs_example_1.json").read_bytes())
    item = {"id": 11, "mediaType": "HTML", "name": "About Pandemics", "targetUrl": "https://www.cdc.gov/x"}
    return _json({"meta": {"status": 200, "pagination": {"totalPages": 1}}, "results": [item]})


def _dataset(parts: list[str]) -> Answer:
    """The card and the list of files of any data set; one file for each pattern that a recipe may ask for."""
    if parts[4] == "revision":
        return _json({"cardData": {"license": "mit"}})
    files = ["README.md", "pqa_artificial/train-00000-of-00001.parquet", "pqa_labeled/train-00000-of-00001.parquet"]
    return _json([{"type": "file", "path": name} for name in files])


def _parquet() -> bytes:
    """Rows with the columns of PubMedQA: ids are numbers, answers are long."""
    import pyarrow
    from pyarrow import parquet

    numbers = range(12)
    table = pyarrow.table({
        "pubid": list(numbers),
        "question": [f"Does treatment {number} shorten the stay in hospital?" for number in numbers],
        "long_answer": [f"Treatment {number} shortened the stay by {number + 1} days here." for number in numbers],
        "final_decision": ["yes"] * len(numbers),
    })  # fmt: skip
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())
