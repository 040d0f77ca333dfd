"""A release folder made from a finished run."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from finished_run import NASTY, QUALITY, SIZES_MB, make_base, make_run, recipe_values, view

from medtune.config.recipe import Recipe
from medtune.core.errors import RunDirError
from medtune.core.hashing import sha256_file
from medtune.release import stage
from medtune.release.card import cell
from medtune.runs.layout import BUILDS, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.audit import BuildVerdict
from medtune.runs.records.release import Release
from medtune.tasks import FORM_ONLY_NOTE


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path / "base")


def release(folder: Path, base: Path, **changes: object) -> tuple[RunDir, Release]:
    prefer = changes.pop("prefer", "smallest")
    recipe = Recipe.model_validate(recipe_values(base, release={"prefer": prefer}))
    run, recipe = make_run(folder, recipe=recipe, **changes)
    stage.run(view(recipe, stage.READS, folder), run)
    return run, Release.model_validate(json.loads((run.stage("release") / "release.json").read_text("utf-8")))


def test_the_smallest_passing_build_is_packaged_whole(tmp_path: Path, base: Path) -> None:
    run, row = release(tmp_path / "run", base)
    folder = run.stage("release")
    assert {path.name for path in folder.iterdir()} == {
        "terms-demo-Q4_K_M.gguf", "Modelfile", "README.md", "release.json", "SHA256SUMS", "manifest.json",
    }  # fmt: skip
    assert (row.released, row.verdict, row.scope) == ("Q4_K_M", "FORM-PASS", "form")
    gguf = folder / "terms-demo-Q4_K_M.gguf"
    assert gguf.read_bytes() == (run.stage("export") / gguf.name).read_bytes()
    assert gguf.stat().st_nlink == 1 and not gguf.is_symlink()
    assert row.sha256 == sha256_file(gguf)
    facts = read_manifest(run, "release").facts
    assert (facts["released"], facts["verdict"], facts["file"]) == ("Q4_K_M", "FORM-PASS", gguf.name)


def test_sha256sum_agrees_and_notices_a_changed_file(tmp_path: Path, base: Path) -> None:
    run, _ = release(tmp_path / "run", base)
    folder = run.stage("release")
    check = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    good = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert {line.partition(":")[0] for line in good.stdout.splitlines()} == {path.name for path in folder.iterdir()} - {
        "SHA256SUMS",
        "manifest.json",
    }
    (folder / "Modelfile").write_text("FROM ./other.gguf\n", encoding="utf-8")
    assert subprocess.run(check, cwd=folder, capture_output=True, check=False).returncode != 0


def test_every_digest_leads_back_to_the_data(tmp_path: Path, base: Path) -> None:
    run, row = release(tmp_path / "run", base)
    digests = row.digests
    for name in ("collect", "prepare", "train", "export", "ask", "audit"):
        assert digests["stages"][name] == read_manifest(run, name).digest
    assert {source["name"]: source["sha256"] for source in digests["sources"]} == {
        "medquad": "a" * 64, "local.jsonl": "b" * 64,
    }  # fmt: skip
    export = run.stage("export")
    assert digests["adapter"]["adapter/adapter_model.safetensors"] == sha256_file(
        run.stage("train") / "adapter" / "adapter_model.safetensors"
    )
    assert digests["merged"]["merged/model.safetensors"] == sha256_file(export / "merged" / "model.safetensors")
    assert digests["builds"]["Q4_K_M"] == row.sha256
    assert len(digests["gate"]) == 1 and len(digests["base"]["digest"]) == 64
    assert digests["toolchain"]["export"] == read_manifest(run, "export").tools
    assert digests["recipe"] == sha256_file(run.file("recipe.yaml"))


def test_rejected_builds_are_listed_with_their_reason(tmp_path: Path, base: Path) -> None:
    _, row = release(tmp_path / "run", base)
    listed = {entry["build"]: entry for entry in row.rejected}
    assert set(listed) == set(SIZES_MB) - {"Q4_K_M"}
    assert listed["Q2_K"]["verdict"] == "REJECT-UNUSABLE" and listed["Q2_K"]["reason"]
    assert not listed["base-F16"]["passed"] and listed["Q8_0"]["passed"] and not listed["Q3_K_M"]["passed"]


def test_nothing_passed_finishes_without_any_model(tmp_path: Path, base: Path) -> None:
    run, row = release(tmp_path / "run", base, quality=dict.fromkeys(QUALITY, 0.05))
    folder = run.stage("release")
    assert {path.name for path in folder.iterdir()} == {"release.json", "SHA256SUMS", "manifest.json"}
    assert (row.released, row.verdict, row.file, row.sha256, row.files) == (None, None, None, None, {})
    assert {entry["build"] for entry in row.rejected} == set(SIZES_MB)
    assert "no build passed" in row.reason
    assert read_manifest(run, "release").facts["released"] is None


def test_a_hold_never_ships_however_preferred(tmp_path: Path, base: Path) -> None:
    held = dict.fromkeys(QUALITY, BuildVerdict.HOLD)
    run, row = release(tmp_path / "run", base, verdicts=held, prefer="Q8_0")
    assert row.released is None
    assert not list(run.stage("release").glob("*.gguf"))


def test_a_changed_or_missing_gguf_is_never_released(tmp_path: Path, base: Path) -> None:
    run, recipe = make_run(tmp_path / "run", recipe=Recipe.model_validate(recipe_values(base)))
    gguf = run.stage("export") / "terms-demo-Q4_K_M.gguf"
    with gguf.open("r+b") as file:
        file.seek(100)
        file.write(b"x")
    with pytest.raises(RunDirError, match="changed since its export"):
        stage.run(view(recipe, stage.READS, tmp_path), run)
    assert not run.stage("release").exists()
    assert not list(run.partial("release").glob("*.gguf"))
    gguf.unlink()
    with pytest.raises(RunDirError, match="is gone"):
        stage.run(view(recipe, stage.READS, tmp_path), run)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("audit", "verdicts.json"), ("audit", "summary.json"), ("export", "builds.json"), ("collect", "sources.json")],
)
def test_nothing_is_released_on_an_edited_file_s_word(tmp_path: Path, base: Path, folder: str, name: str) -> None:
    run, recipe = make_run(tmp_path / "run", recipe=Recipe.model_validate(recipe_values(base)))
    path = run.stage(folder) / name
    path.write_text(path.read_text("utf-8").replace("REJECT-UNUSABLE", "RELEASE-GOLD") + " ", encoding="utf-8")
    with pytest.raises(RunDirError, match=f"{name} was edited"):
        stage.run(view(recipe, stage.READS, tmp_path), run)


def test_what_a_killed_release_left_is_not_packaged(tmp_path: Path, base: Path) -> None:
    run, recipe = make_run(tmp_path / "run", recipe=Recipe.model_validate(recipe_values(base)))
    (run.stage("export") / "terms-demo-Q4_K_M.gguf").rename(run.path / "hidden")
    with pytest.raises(RunDirError):
        stage.run(view(recipe, stage.READS, tmp_path), run)
    (run.partial("release") / "half-written.gguf").write_bytes(b"GGUF")
    (run.path / "hidden").rename(run.stage("export") / "terms-demo-Q4_K_M.gguf")
    stage.run(view(recipe, stage.READS, tmp_path), run)
    assert {path.name for path in run.stage("release").glob("*.gguf")} == {"terms-demo-Q4_K_M.gguf"}


def test_the_modelfile_carries_the_audit_s_settings_and_no_template(tmp_path: Path, base: Path) -> None:
    run, row = release(tmp_path / "run", base)
    text = (run.stage("release") / "Modelfile").read_text("utf-8")
    assert "FROM ./terms-demo-Q4_K_M.gguf\n" in text
    assert "PARAMETER num_ctx 1024\n" in text and "PARAMETER num_predict 320\n" in text
    assert 'PARAMETER stop """</s>"""' in text
    assert "TEMPLATE" not in text
    assert FORM_ONLY_NOTE in text and "FORM-PASS" in text and (row.sha256 or "?") in text
    assert "CC BY 4.0" in text


def test_the_card_has_valid_metadata_and_the_run_s_figures(tmp_path: Path, base: Path) -> None:
    run, row = release(tmp_path / "run", base)
    text = (run.stage("release") / "README.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["license"] == "other" and metadata["pipeline_tag"] == "text-generation"
    assert "verdict-form-pass" in metadata["tags"]
    for build in SIZES_MB:
        assert f"| {cell(build)} |" in body or f"| **{cell(build)}** |" in body
    verdicts = json.loads((run.stage("audit") / "verdicts.json").read_text("utf-8"))
    for verdict in verdicts:
        figure = verdict["whole_form"]
        interval = f"{100 * figure['low']:.1f} to {100 * figure['high']:.1f}"
        assert f"{100 * figure['rate']:.1f} % ({interval}; {figure['hits']} of {figure['n']})" in body
    for words in (FORM_ONLY_NOTE, "rubric: unreviewed", "Not clinically validated", "Ben Abacha", row.sha256 or "?"):
        assert words in body
    assert "&lt;NIH websites&gt;" in body
    assert not any(nasty and nasty in text for nasty in NASTY)


@pytest.mark.parametrize("text", [*NASTY, "a | b", "[x](javascript:y)", "# heading\n- list", "`code` *b* _i_"])
def test_a_table_cell_cannot_break_its_row_or_become_a_tag(text: str) -> None:
    written = cell(text)
    assert "\n" not in written and "<" not in written
    assert "|" not in written.replace("\\|", "")
    assert "](" not in written.replace("\\]", "")


def test_plan_says_what_the_last_verdicts_would_release(tmp_path: Path, base: Path) -> None:
    recipe = Recipe.model_validate(recipe_values(base))
    seen = view(recipe, stage.READS, tmp_path)
    assert any("exit code 3" in line for line in stage.plan(seen, RunDir(tmp_path / "nothing")))
    run, _ = make_run(tmp_path / "run", recipe=recipe)
    assert any("Q4_K_M" in line for line in stage.plan(seen, run))
    (run.stage("export") / BUILDS).unlink()
    assert any("Q4_K_M" in line for line in stage.plan(seen, run))


def test_the_card_says_what_the_export_measured(tmp_path: Path, base: Path) -> None:
    from medtune.core.io import read_json
    from medtune.runs.layout import FIDELITY

    run, _ = release(tmp_path / "run", base)
    text = (run.stage("release") / "README.md").read_text("utf-8")
    build = next(one for one in read_json(run.stage("export") / FIDELITY)["builds"] if one["build"] == "Q4_K_M")
    part = text.split("## Carried over")[1].split("\n## ")[0]
    assert "| 2 of 2 |" in part and "| 1999 of 2000 |" in part
    assert f"{build['kl']['value']:.5f} ({build['kl']['low']:.5f} to {build['kl']['high']:.5f})" in part
    assert f"{build['gain_kept']['value']:.3f}" in part and "this build knows it" in part


def test_the_card_says_what_share_slips_through() -> None:
    from types import SimpleNamespace

    from medtune.detect.phi.measured import measured
    from medtune.release.personal import personal_part

    rows = [row for row in measured() if row["missed"]]
    assert rows and all(row["missed"] == round(1 - row["found"] / row["n"], 4) < row["high"] for row in rows)
    known = {"phi": {"measured": measured()}, "sources": ()}
    said = personal_part(SimpleNamespace(**known), str)  # type: ignore[arg-type]
    assert all(f"{row['missed']:.1%} of {row['n']} {row['what']} in {row['set']}" in said for row in rows)
    known["phi"] = {"action": "mask"}
    assert "slipped through" not in personal_part(SimpleNamespace(**known), str)  # type: ignore[arg-type]
