"""All weights trained, exported by the real stages: the GGUF says what was trained, and stops."""

from pathlib import Path

import pytest
from exportrun import recipe_of, view, write_base
from trainrun import READS, example, write_prepared

from medtune.config.recipe import RecipeView
from medtune.core.io import read_json
from medtune.export import stage as export_stage
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer
from medtune.runs.layout import FIDELITY, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.collect import Turn
from medtune.train import stage as train_stage

TRAIN = {"method": "full", "max_steps": 60, "learning_rate": 3e-3, "batch_size": 4, "eval_every_steps": 60}


@pytest.mark.slow
def test_a_fully_trained_model_answers_from_its_files(tmp_path: Path, tests_cache: Path, toolchain: Toolchain) -> None:
    recipe = recipe_of(write_base(tmp_path / "base"), train=TRAIN, export={"quantizations": ["Q8_0"]})
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    training = RecipeView(recipe, READS, tmp_path)
    write_prepared(run, training, rows=16, validation=4)
    train_stage.run(training, run)
    export_stage.run(view(recipe, "export", tmp_path), run)
    facts = read_manifest(run, "export").facts
    assert facts["merged_tensors"] > 10 and facts["prompts_compared"] == 48
    gain = {row["build"]: row["gain_kept"] for row in read_json(run.stage("export") / FIDELITY)["builds"]}
    assert gain["Q8_0"]["value"] > 0.9
    wanted = example(0).messages
    for build in ("F16", "Q8_0"):
        said = answer(run.stage("export") / f"toy-run-{build}.gguf", wanted[:-1], toolchain, tmp_path / "log")
        assert said == wanted[-1].content
    assert answer(run.stage("export") / "base-F16.gguf", wanted[:-1], toolchain, tmp_path / "log") != said


def answer(gguf: Path, turns: tuple[Turn, ...], toolchain: Toolchain, log: Path) -> str:
    """What the file answers greedily, when it ends by itself."""
    messages = [Message(role=turn.role, content=turn.content) for turn in turns]
    with LlamaServer(toolchain, gguf, log=log, threads=1, ctx_size=256) as server:
        reply = server.chat(messages, Decoding(max_tokens=96))
    return reply.text if reply.finish_reason == "stop" else ""
