"""The sites that collect reads, in small: recorded payloads and made-up ones, paged as the real sites page them."""

import json
from pathlib import Path
from typing import Any

from pages import Answer, Asked

_PAYLOADS = Path(__file__).parents[1] / "collect" / "payloads"

NHS_ROOT = "/nhs-website-content"
_NHS_PAGES = {
    "medicines/acrivastine": "medicines-acrivastine-no-params",
    "medicines/zopiclone": "medicines-zopiclone-no-params",
    "conditions/achalasia": "conditions-achalasia-no-params",
    "conditions?category=Z": "conditions-root-category-z",
}
CDC_PAGE = (_PAYLOADS / "cdc" / "hhs_media_v2_docs_example_1.json").read_bytes()
CDC_ROWS = json.loads((_PAYLOADS / "cdc" / "socrata_nssp_page.json").read_bytes())
HUB_COMMIT = "a" * 40
HUB_NAME = "owner/data"


def label(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": f"id-{number}",
        "set_id": f"set-{number}",
        "openfda": {"brand_name": [f"Drug {number}"]},
        "indications_and_usage": [f"Use {number}."],
        **values,
    }


def paged(labels: list[dict[str, Any]], broken: dict[int, Answer] | None = None) -> Any:
    """openFDA's paging: the next page's address stands in the Link header."""

    def reply(asked: Asked) -> Answer:
        if broken and asked.number in broken:
            return broken[asked.number]
        start, size = int(asked.params.get("search_after", "0")), int(asked.params["limit"])
        found = labels[start : start + size]
        query = f"search={asked.params['search']}&limit={size}&search_after={start + size}&api_key=leaked"
        link = {"Link": f'<https://api.fda.gov/drug/label.json?{query}>; rel="next"'}
        return Answer(json.dumps({"results": found}).encode(), headers=link if start + size < len(labels) else {})

    return reply


def article(pmid: int, text: str = "", rights: str = "", kind: str = "Journal Article") -> str:
    notice = f"<CopyrightInformation>{rights}</CopyrightInformation>" if rights else ""
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>Title {pmid}</ArticleTitle>"
        f"<Abstract><AbstractText>{text or f'Text of {pmid}.'}</AbstractText>{notice}</Abstract>"
        f"<PublicationTypeList><PublicationType>{kind}</PublicationType></PublicationTypeList>"
        "</Article></MedlineCitation></PubmedArticle>"
    )


def article_set(*articles: str) -> bytes:
    return f"<?xml version='1.0'?><PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>".encode()


class Ncbi:
    """The two services over made-up articles; `broken` answers by the number of the request."""

    def __init__(self, count: int, broken: dict[int, Answer] | None = None) -> None:
        self.ids = [str(1000 + number) for number in range(count)]
        self.broken = broken or {}

    def __call__(self, asked: Asked) -> Answer:
        if asked.number in self.broken:
            return self.broken[asked.number]
        if asked.path.endswith("esearch.fcgi"):
            found = {"count": str(len(self.ids)), "idlist": self.ids[: int(asked.params["retmax"])]}
            return Answer(json.dumps({"esearchresult": {**found, "webenv": "MCID_1", "querykey": "1"}}).encode())
        assert asked.params["retmode"] == "xml"
        if "id" in asked.params:
            wanted = asked.params["id"].split(",")
        else:
            start = int(asked.params["retstart"])
            wanted = self.ids[start : start + int(asked.params["retmax"])]
        return Answer(article_set(*(article(int(pmid)) for pmid in wanted)))


def nhs_payload(name: str) -> bytes:
    return (_PAYLOADS / "nhs" / f"{name}.json").read_bytes()


def nhs_site(asked: Asked) -> Answer:
    """The recorded pages; anything below a recorded page answers as the recorded page does."""
    if asked.headers.get("apikey") != "mine":
        return Answer(nhs_payload("error-missing-subscription-key"), 401)
    path = asked.path.removeprefix(NHS_ROOT).strip("/")
    wanted = f"{path}?category={asked.params['category']}" if "category" in asked.params else path
    if wanted in _NHS_PAGES:
        return Answer(nhs_payload(_NHS_PAGES[wanted]))
    if path.startswith("medicines/zopiclone/about") or path == "conditions/zika":
        return Answer(nhs_payload("conditions-achalasia-no-params"))
    return Answer(nhs_payload("error-resource-not-found"), 404)


def cdc_media(asked: Asked) -> Answer:
    """Three pages of media in Content Services' envelope; one is a video, one is gone."""
    if asked.path.endswith("/syndicate"):
        return Answer(b"{}", 404) if "/12/" in asked.path else Answer(CDC_PAGE)
    number = int(asked.params["pagenum"])
    kind = "Video" if number == 3 else "HTML"
    items = [{"id": 10 + number, "mediaType": kind, "name": "About  Pandemics", "targetUrl": "https://www.cdc.gov/x"}]
    envelope = {"meta": {"status": 200, "pagination": {"totalPages": 3}}, "results": items}
    return Answer(json.dumps(envelope).encode())


def cdc_table(asked: Asked) -> Answer:
    """The recorded table, cut as Socrata cuts it."""
    start, size = int(asked.params["$offset"]), int(asked.params["$limit"])
    assert asked.params["$order"] == ":id"
    return Answer(json.dumps(CDC_ROWS[start : start + size]).encode())


def hub_of(files: dict[str, bytes], token: str = "", elsewhere: str = "") -> Any:
    """A hub with one data set; files are redirected to `elsewhere` when it is given."""

    def reply(asked: Asked) -> Answer:
        if token and asked.headers.get("authorization") != f"Bearer {token}":
            return Answer(b"gated", 401)
        if asked.path == f"/api/datasets/{HUB_NAME}/revision/{HUB_COMMIT}":
            return Answer(json.dumps({"cardData": {"license": "cc-by-4.0"}}).encode())
        if asked.path == f"/api/datasets/{HUB_NAME}/tree/{HUB_COMMIT}":
            return Answer(json.dumps([{"type": "file", "path": path} for path in files]).encode())
        path = asked.path.removeprefix(f"/datasets/{HUB_NAME}/resolve/{HUB_COMMIT}/")
        if elsewhere and asked.path != path:
            return Answer(b"", 302, {"Location": f"{elsewhere}/{path}"})
        return Answer(files[path])

    return reply
