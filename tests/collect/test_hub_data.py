from pathlib import Path
from typing import Any

import pytest
from desk import Collected, read_source
from pages import Site, site
from served import HUB_COMMIT, HUB_NAME, hub_of

from medtune.collect.source import SourceInput
from medtune.collect.sources import hub
from medtune.config.collect import HubDataSource
from medtune.core.errors import DataError, EgressError, ServerError

ROWS = b'{"question": "Q1", "answer": "A1"}\n{"question": "Q2", "answer": "A2"}\n'


def collect(server: Site, raw: Path, **section: Any) -> Collected:
    wanted = HubDataSource(kind="hub", dataset=HUB_NAME, revision=HUB_COMMIT, address=server.address, **section)
    return read_source(hub.collect, wanted, SourceInput(None, "hub"), raw)


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(hub.TOKEN_VARIABLE, raising=False)


def test_data_files_and_the_licence_of_the_card(tmp_path: Path) -> None:
    files = {
        "data/train.jsonl": ROWS,
        "README.md": b"x",
        "load.py": b"raise SystemExit",
        "data/other.csv": b"a,b\n1,2\n",
    }
    with site(hub_of(files)) as server:
        found = collect(server, tmp_path, files=("data/train*",))
        assert [record.id for record in found.records] == ["hub/data/train.jsonl:1", "hub/data/train.jsonl:2"]
        assert (found.facts.licence, found.facts.public) == ("cc-by-4.0", False)
        assert not any(request.path.endswith((".py", ".csv")) for request in server.asked)
        asked = len(server.asked)
        assert collect(server, tmp_path, files=("data/train*",)).records == found.records
        assert len(server.asked) == asked


def test_a_data_set_that_is_a_script(tmp_path: Path) -> None:
    with site(hub_of({"data.py": b"x"})) as server, pytest.raises(DataError, match="never runs"):
        collect(server, tmp_path)


def test_a_gated_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(hub_of({"a.jsonl": ROWS}, token="mine")) as server:
        with pytest.raises(ServerError, match=hub.TOKEN_VARIABLE):
            collect(server, tmp_path)
        monkeypatch.setenv(hub.TOKEN_VARIABLE, "mine")
        assert len(collect(server, tmp_path).records) == 2


def test_a_redirect_stays_within_egress(tmp_path: Path) -> None:
    with site(hub_of({"a.jsonl": ROWS}, elsewhere="https://example.org")) as server, pytest.raises(EgressError):
        collect(server, tmp_path)


def test_a_revision_is_a_commit() -> None:
    with pytest.raises(ValueError, match="revision"):
        HubDataSource.model_validate({"kind": "hub", "dataset": HUB_NAME, "revision": "main"})
