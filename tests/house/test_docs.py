"""Documents: generated pages are current, commands exist, links lead somewhere, no path of a machine."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from medtune.cli.main import VERBS, cli
from medtune.runs.records.audit import BuildVerdict

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_reference_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def commands(page: Path) -> Iterator[list[str]]:
    """Every `medtune …` command of a page's code blocks and inline code, without its trailing words."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.S))
    inline = "\n".join(re.findall(r"`(medtune [^`\n]+)`", text))
    for line in f"{blocks}\n{inline}".splitlines():
        if line.strip().startswith("medtune "):
            yield shlex.split(re.split(r"\s{2,}|#", line.strip())[0])[1:]


def test_every_command_in_the_documents_exists() -> None:
    seen = set()
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for words in commands(page):
            verb = words[0]
            if verb.startswith("-"):
                continue
            assert verb in VERBS, f"{page.name}: medtune {' '.join(words)}"
            command = cli.get_command(click.Context(cli), verb)
            assert command is not None
            inner = command.commands[words[1]] if isinstance(command, click.Group) else command
            known = {option for parameter in inner.params for option in parameter.opts} | {"--help"}
            assert [word for word in words if word.startswith("--") and word not in known] == []
            seen.add(verb)
    assert {"run", "chat", "ask", "validate", "doctor", "init", "ls", "toolchain"} <= seen


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {name for page in PAGES for name in re.findall(r"make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    code = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert {"demo", "test", "test-slow"} <= targets & named
    assert code <= targets


def test_the_readme_explains_every_verdict_and_says_form_only() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verdict.value for verdict in BuildVerdict if f"`{verdict.value}`" not in text] == []
    assert "form only: the words are not medically right" in text


def test_no_path_of_a_machine_stands_in_a_tracked_file() -> None:
    words = "|".join(("work", "root"))
    done = subprocess.run(
        ["git", "grep", "-nIE", f"(^|[^a-zA-Z0-9_.-])/({words})/", "--", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode > 1:
        pytest.skip("not a git checkout: tracked files are not known")
    assert done.stdout == ""
