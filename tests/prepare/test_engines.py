"""Engines: the same rows whoever does the work, in order, and nothing that leaves this machine."""

import ipaddress
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml
from command import call, start
from datarun import prepare, recipe
from pydantic import ValidationError

from medtune.config.recipe import Recipe, RecipeView
from medtune.core.errors import UsageError
from medtune.core.io import read_json
from medtune.prepare import stage
from medtune.prepare.engines import BATCH, ENGINES, LocalEngine, Place, batched
from medtune.runs.freshness import state_of
from medtune.runs.layout import CANARY, MANIFEST, RunDir

FILES = [{"kind": "files", "path": "rows.jsonl"}]


@dataclass(frozen=True)
class Twice:
    """Doubles numbers and remembers that it was started."""

    def start(self) -> Callable[[list[int]], list[int]]:
        return lambda batch: [2 * number for number in batch]


def write_rows(folder: Path, count: int) -> None:
    """Rows of a ward: names, dates and numbers in each, every fifth twice, some too short or too long."""
    rows = [
        {
            "question": f"What was decided about patient {number} on 3 May 2020?",
            "answer": f"Mr John Miller {number} was seen at Leeds General Infirmary, phone 0113 496 {number:04}. "
            + f"Plan {number} of many: rest, water and a note of kind {number}. " * (60 if number % 50 == 7 else 1),
        }
        for number in range(count)
    ]  # fmt: skip
    rows += [{**row, "question": f"{row['question']} Again?"} for row in rows[::5]]
    rows += [{"question": "Short?", "answer": "Yes."}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_batches_keep_every_item_in_order() -> None:
    found = list(batched(iter(range(2 * BATCH + 3))))
    assert [len(batch) for batch in found] == [BATCH, BATCH, 3]
    assert [number for batch in found for number in batch] == list(range(2 * BATCH + 3))
    assert list(batched([])) == []


def test_the_local_engine_asks_for_no_batch_before_its_time() -> None:
    asked: list[int] = []

    def batches() -> Iterable[list[int]]:
        for number in range(3):
            asked.append(number)
            yield [number]

    results = LocalEngine().map(Twice(), batches())
    assert next(results) == [0] and asked == [0]
    assert list(results) == [[2], [4]]


def test_the_engine_makes_no_stage_stale(tmp_path: Path) -> None:
    write_rows(tmp_path, 80)
    run, _ = prepare(recipe(FILES), tmp_path)
    other = recipe(FILES, prepare={"engine": "ray", "workers": 3})
    view = RecipeView(other, stage.READS, tmp_path)
    assert state_of(stage, view, run).fresh
    assert any("Ray on this machine, 3 workers" in line for line in stage.plan(view, run))


def test_records_go_to_a_cluster_only_where_egress_says_so() -> None:
    values = {"name": "x", "collect": {"sources": FILES}, "prepare": {"cluster": "ray.example.org:6379"}}
    with pytest.raises(ValidationError, match=r"records would go to ray\.example\.org"):
        Recipe.model_validate(values)
    assert Recipe.model_validate({**values, "egress": ["ray.example.org"]}).prepare.cluster
    assert Recipe.model_validate({**values, "prepare": {"cluster": "127.0.0.1:6379"}}).prepare.cluster


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError) as raised, ENGINES["ray"](Place()):
        pass
    assert "pip install 'medtune[ray]'" in raised.value.next_step


def prepared(folder: Path, runs: str, *words: str) -> list[str]:
    return ["prepare", str(folder / "engines.yaml"), "--runs", str(folder / runs), *words]


@pytest.mark.slow
def test_ray_writes_what_the_local_engine_writes(tmp_path: Path) -> None:
    """Two workers of Ray: every byte and the digest are the same, and no socket is open to another machine."""
    pytest.importorskip("ray")
    write_rows(tmp_path, 3 * BATCH + 11)
    values = {
        "name": "engines",
        "collect": {"sources": [{"kind": "medquad", "limit": 200}, *FILES]},
        "prepare": {
            "converters": ["qa", "terms", "symptom", "refusal"],
            "max_train_rows": 1_000,
            "languages": ["en"],
            "phi": {"accept": {"who": "a test", "why": "made-up rows, all alike"}},
        },
    }
    (tmp_path / "engines.yaml").write_text(yaml.safe_dump(values))
    done = call(prepared(tmp_path, "local"))
    assert done.returncode == 0, done.stderr
    process = start(prepared(tmp_path, "ray", "--engine", "ray", "--workers", "2"), RAY_USAGE_STATS_ENABLED="1")
    addresses, names = watch(process.pid)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert "raylet" in names
    assert addresses and {str(one) for one in addresses if not one.is_loopback} == set()
    local, ray = (RunDir(tmp_path / runs / "engines").stage("prepare") for runs in ("local", "ray"))
    files = sorted(path.name for path in local.iterdir() if path.name != MANIFEST)
    assert files == sorted(path.name for path in ray.iterdir() if path.name != MANIFEST) and CANARY not in files
    assert [name for name in files if (local / name).read_bytes() != (ray / name).read_bytes()] == []
    assert read_json(local / MANIFEST)["digest"] == read_json(ray / MANIFEST)["digest"]
    stats = read_json(ray / "stats.json")
    assert stats["phi"]["records"]["with_identifiers"] > 3 * BATCH and stats["cut"]["rows"] > 10


def watch(pid: int) -> tuple[set["ipaddress.IPv4Address | ipaddress.IPv6Address"], set[str]]:
    """Addresses that a process and its children listen on or speak to, until it ends; and the children's names."""
    addresses, names = set(), set()
    command = psutil.Process(pid)
    while command.is_running() and command.status() != psutil.STATUS_ZOMBIE:
        for one in (command, *command.children(recursive=True)):
            try:
                names.add(one.name())
                for socket in one.net_connections("inet"):
                    found = [ipaddress.ip_address(end.ip) for end in (socket.laddr, socket.raddr) if end]
                    addresses |= {getattr(ip, "ipv4_mapped", None) or ip for ip in found}
            except psutil.Error:
                continue
        time.sleep(0.2)
    return addresses, names


@pytest.mark.slow
def test_errors_of_workers_are_medtune_s_own(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    write_rows(tmp_path, 40)
    values = {
        "name": "engines",
        "collect": {"sources": FILES},
        "prepare": {"phi": {"ner_model": "not-a-model"}, "engine": "ray", "workers": 1},
    }
    (tmp_path / "not-a-model").mkdir()
    (tmp_path / "engines.yaml").write_text(yaml.safe_dump(values))
    done = call(prepared(tmp_path, "runs"))
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert "next:" in done.stderr and "Miller" not in done.stderr
    assert not RunDir(tmp_path / "runs" / "engines").stage("prepare").exists()
