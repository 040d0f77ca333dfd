"""Bases of the hub: fetched once from a server on this machine by the real huggingface_hub, then used offline."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hubserver import COMMIT, Hub, serve

from medtune.chat.base import BaseInfo, fetch_base, resolve_base
from medtune.config.recipe import HubBase
from medtune.core.errors import EgressError, MedtuneError, ModelError, ResourceError, ServerError
from medtune.core.net import Egress

BASE = HubBase(hub="maker/base", revision=COMMIT)
HERE = Egress()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    for name in ("HF_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(toy_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = Path(shutil.copytree(toy_base, tmp_path / "served"))
    (folder / "LICENSE").write_text("terms", encoding="utf-8")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_own.py").write_text("raise SystemExit", encoding="utf-8")
    with serve(Hub(folder)) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        yield served


def fetched(base: HubBase = BASE) -> BaseInfo:
    fetch_base(base, HERE)
    return resolve_base(base, Path)


def test_a_base_is_fetched_once_and_is_the_same_as_the_folder(hub: Hub, toy_base: Path) -> None:
    info = fetched()
    assert (info.name, info.revision, info.family.family) == ("maker/base", COMMIT, "generic")
    here = {path.name for path in info.folder.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "LICENSE"} <= here
    assert not here & {"pytorch_model.bin", "modeling_own.py"}
    asked = len(hub.requests)
    assert fetched().digest == info.digest and len(hub.requests) == asked
    from medtune.config.recipe import LocalBase

    assert resolve_base(LocalBase(path="x"), lambda _: toy_base).digest == info.digest
    assert all("authorization" not in headers for _, _, headers in hub.requests)


def test_the_second_use_needs_neither_egress_nor_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public hub would be refused by `egress`, and the tests' own guard fails on any look at the network."""
    info = fetched()
    asked = len(hub.requests)
    monkeypatch.setenv("HF_ENDPOINT", "https://huggingface.co")
    fetch_base(BASE, Egress(frozenset()))
    again = resolve_base(BASE, Path)
    assert (again.digest, again.folder) == (info.digest, info.folder) and len(hub.requests) == asked
    import torch

    from medtune.chat import load_tokenizer
    from medtune.train.model import load_base

    assert load_tokenizer(again.folder).stop_ids
    model = load_base(again.folder, again.name, torch.device("cpu"))
    assert model.config._name_or_path == "maker/base", "no path of this machine"
    with pytest.raises(EgressError, match=r"huggingface\.co"):
        fetch_base(HubBase(hub="maker/base", revision="f" * 40), Egress(frozenset()))


def test_terms_of_use_are_accepted_before_the_weights_come(
    tmp_path: Path, family_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = BASE.model_copy(update={"accept_terms": True})
    with serve(Hub(family_model("gemma3"))) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(ModelError, match=r"terms of use \(Gemma Terms of Use\) that you must accept") as raised:
            fetched()
        assert "https://ai.google.dev/gemma/terms" in str(raised.value.where)
        assert "accept_terms: true" in raised.value.next_step
        assert [path for path in hub.paths("GET") if path.endswith(".safetensors")] == []
        assert fetched(accepted).family.family == "gemma3"
    with pytest.raises(ModelError, match="must accept"):
        resolve_base(BASE, Path)  # another recipe, the same cache
    from medtune.config.recipe import LocalBase

    assert resolve_base(LocalBase(path="x"), lambda _: family_model("gemma3")).family.terms_address


def test_a_base_that_was_not_fetched_says_which_command_does(hub: Hub) -> None:
    with pytest.raises(ModelError, match="not fetched yet") as raised:
        resolve_base(BASE, Path)
    assert "medtune run" in raised.value.next_step and hub.requests == []


def test_a_branch_is_refused_with_its_commit(hub: Hub) -> None:
    with pytest.raises(ModelError, match="`main` is no commit") as raised:
        fetched(HubBase(hub="maker/base"))
    assert f"revision: {COMMIT}" in raised.value.next_step
    assert [path for path in hub.paths("GET") if "resolve" in path] == []


def test_a_host_that_egress_does_not_name_is_never_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    with pytest.raises(EgressError, match=re.escape("hub.example")):
        fetched()
    monkeypatch.delenv("HF_ENDPOINT")
    with pytest.raises(EgressError, match=re.escape("huggingface.co")):
        fetched()


def test_a_redirect_to_another_host_is_refused_by_name(hub: Hub) -> None:
    hub.redirect_weights_to = "http://cdn.example/files"
    with pytest.raises(EgressError, match=re.escape("cdn.example")) as raised:
        fetched()
    assert "egress" in raised.value.next_step
    hub.redirect_weights_to = None
    assert fetched().digest


def test_a_gated_model_names_the_step(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.gated = True
    with pytest.raises(ModelError, match="gated") as raised:
        fetched()
    assert "accept the terms" in raised.value.next_step and "HF_TOKEN" in raised.value.next_step
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(ModelError, match="gated") as raised:
        fetched()
    assert "granted" in raised.value.next_step and "wrong" not in str(raised.value)
    monkeypatch.setenv("HF_TOKEN", "right")
    assert fetched().digest
    assert hub.requests[-1][2]["authorization"] == "Bearer right"


def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, toy_base: Path) -> None:
    size = (toy_base / "model.safetensors").stat().st_size
    hub.cut_after_bytes = size // 2
    info = fetched()
    assert info.digest and hub.weight_ranges() == [None, f"bytes={size // 2}-"]


def test_a_later_command_goes_on_too(hub: Hub, toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what came before a failure is asked for again."""
    size = (toy_base / "model.safetensors").stat().st_size
    monkeypatch.setattr("medtune.chat.hub_weights._ATTEMPTS", 1)
    hub.cut_after_bytes = size // 2
    with pytest.raises(ServerError, match="connection broke") as raised:
        fetched()
    assert "is kept" in raised.value.next_step
    assert fetched().digest and hub.weight_ranges() == [None, f"bytes={size // 2}-"]


def test_a_partial_file_that_does_not_fit_is_thrown_away(hub: Hub) -> None:
    hub.cut_after_bytes = 1000
    info = fetched()
    blob = info.files[[path.name for path in info.files].index("model.safetensors")].resolve()
    (info.folder / "model.safetensors").unlink()
    blob.rename(blob.with_name(f"{blob.name}.partial"))
    with blob.with_name(f"{blob.name}.partial").open("ab") as file:
        file.write(b"too long")
    assert fetched().digest == info.digest
    assert hub.weight_ranges()[-1] is None


def test_a_damaged_file_is_deleted_and_named(hub: Hub) -> None:
    hub.damaged = True
    with pytest.raises(ModelError, match="arrived damaged"):
        fetched()
    hub.damaged = False
    assert fetched().digest


@pytest.mark.parametrize(
    ("base", "error", "message"),
    [
        (HubBase(hub="maker/other", revision=COMMIT), ModelError, "no such model"),
        (HubBase(hub="maker/base", revision="f" * 40), ModelError, "no such revision"),
    ],
    ids=["another name", "another commit"],
)
def test_what_the_hub_does_not_have(hub: Hub, base: HubBase, error: type[MedtuneError], message: str) -> None:
    with pytest.raises(error, match=message):
        fetched(base)


def test_no_hub_and_no_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ServerError, match="cannot be reached") as raised:
        fetched()
    assert "base: {path: FOLDER}" in raised.value.next_step
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ServerError, match="HF_HUB_OFFLINE"):
        fetched()


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("config.json", {"architectures": ["RwkvForCausalLM"]}, "unknown architecture"),
        (
            "config.json",
            {"architectures": ["OwnForCausalLM"], "auto_map": {"AutoModel": "modeling_own.Own"}},
            "Python code of its own",
        ),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["own.Own", None]}}, "Python code of its own"),
    ],
)
def test_what_cannot_be_used_is_known_before_the_weights(
    hub: Hub, name: str, values: dict[str, object], message: str
) -> None:
    path = hub.folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        fetched()
    assert [path for path in hub.paths("GET") if path.endswith(".safetensors")] == []


def test_only_pickles_are_refused_before_they_come(hub: Hub) -> None:
    (hub.folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="pickles"):
        fetched()
    assert [path for path in hub.paths("GET") if path.endswith(".bin")] == []


def test_a_full_disk_is_said_before_the_first_byte(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import medtune.chat.disk

    monkeypatch.setattr(medtune.chat.disk, "_SLACK_BYTES", 1 << 60)
    with pytest.raises(ResourceError, match="too little disk for the weights of maker/base"):
        fetched()
    assert [path for path in hub.paths("GET") if path.endswith(".safetensors")] == []
