"""`medtune publish` by the real huggingface_hub against a hub on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from finished_run import SIZES_MB, make_base, make_run, recipe_values, view
from hub_writes import WriteHub, serve

from medtune.cli.publish import publish
from medtune.config.recipe import Recipe
from medtune.core.errors import EgressError, GateError, MedtuneError, ServerError, UsageError
from medtune.release import stage
from medtune.runs.layout import RunDir
from medtune.runs.records.audit import BuildVerdict

NAME = "our-hospital/terms"
# huggingface_hub 2.4 streams large files in a way that its HTTP client calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WriteHub]:
    with serve(WriteHub()) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.address)
        monkeypatch.setenv("HF_TOKEN", "right")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        yield made


@pytest.fixture
def safe(tmp_path: Path) -> RunDir:
    """A run whose smallest build passed a clinical gate."""
    values = recipe_values(make_base(tmp_path / "safe-base"))
    values["audit"] = {**values["audit"], "scope": "clinical"}
    recipe = Recipe.model_validate(values)
    verdicts = {name: BuildVerdict.RELEASE_SAFE for name in SIZES_MB if name not in ("base-F16", "Q2_K")}
    run, recipe = make_run(tmp_path / "safe", recipe=recipe, verdicts=verdicts)
    stage.run(view(recipe, stage.READS, run.path), run)
    return run


def call(*words: object) -> str:
    return CliRunner().invoke(publish, [str(word) for word in words], catch_exceptions=False).output


def test_a_dry_run_sends_nothing(safe: RunDir, hub: WriteHub) -> None:
    said = call(safe.path, NAME)
    assert "dry run: nothing was sent" in said and f"{hub.address}/{NAME} (private)" in said
    assert hub.requests == [] and "manifest.json" not in said


def test_a_clinical_release_is_published_whole_in_one_commit(safe: RunDir, hub: WriteHub, tmp_path: Path) -> None:
    from medtune.ship.verify import verify_release

    assert f"published: {hub.address}/{NAME}/commit/" in call(safe.path, NAME, "--yes")
    assert hub.private[NAME] and sum("/commit/" in path for _, path in hub.requests) == 1
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for name, data in hub.repositories[NAME].items():
        (fetched / name).write_bytes(data)
    assert verify_release(fetched).row.verdict == "RELEASE-SAFE"
    assert "published" in call(safe.path, NAME, "--yes", "--update")


@pytest.mark.parametrize("words", [[], ["--yes"]])
def test_a_form_verdict_is_never_published(run: RunDir, hub: WriteHub, words: list[str]) -> None:
    with pytest.raises(GateError, match="FORM-PASS"):
        call(run.path, NAME, *words)
    assert hub.requests == []


@pytest.mark.parametrize("verdict", [BuildVerdict.HOLD, BuildVerdict.REJECT_UNSAFE])
def test_hold_and_reject_are_never_published(tmp_path: Path, hub: WriteHub, verdict: BuildVerdict) -> None:
    recipe = Recipe.model_validate(recipe_values(make_base(tmp_path / "b")))
    made, recipe = make_run(tmp_path / "r", recipe=recipe, verdicts=dict.fromkeys(SIZES_MB, verdict))
    stage.run(view(recipe, stage.READS, made.path), made)
    with pytest.raises(GateError, match="nothing was released"):
        call(made.path, NAME, "--yes")
    assert hub.requests == []


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (("/create", 401), UsageError, "refuses this token"), (("/create", 409), UsageError, "there already"),
        (("/create", 503), ServerError, "status 503"), (("/commit", 503), ServerError, "status 503"),
        (("/preupload", 500), ServerError, "status 500"),
    ],
)  # fmt: skip
def test_a_hub_that_refuses_leaves_nothing_half_done(
    safe: RunDir, hub: WriteHub, fault: tuple[str, int], kind: type[MedtuneError], message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("time.sleep", lambda _: None)  # the library waits before it asks again
    hub.fault = fault
    with pytest.raises(kind, match=message):
        call(safe.path, NAME, "--yes")
    assert hub.repositories == {}


def test_a_taken_name_is_left_alone(safe: RunDir, hub: WriteHub) -> None:
    hub.repositories[NAME] = {"theirs": b"x"}
    with pytest.raises(UsageError, match="there already"):
        call(safe.path, NAME, "--yes")
    assert hub.repositories == {NAME: {"theirs": b"x"}}


def test_token_egress_and_name(safe: RunDir, hub: WriteHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no OWNER/NAME"):
        call(safe.path, "terms", "--yes")
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(UsageError, match="refuses this token"):
        call(safe.path, NAME, "--yes")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UsageError, match="needs a token"):
        call(safe.path, NAME, "--yes")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    with pytest.raises(EgressError, match=r"hub\.example"):
        call(safe.path, NAME, "--yes")
    assert hub.repositories == {}
