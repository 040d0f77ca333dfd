"""The command `medtune`: wires verbs to their files, which are imported when they are used."""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

import medtune
from medtune.cli.failures import exit_code_of
from medtune.core.errors import EXIT_DONE

VERBS = {
    "init": "medtune.cli.init",
    "validate": "medtune.cli.validate",
    "doctor": "medtune.cli.doctor",
    "run": "medtune.cli.run",
    "collect": "medtune.cli.stage_verbs",
    "distill": "medtune.cli.distill",
    "prepare": "medtune.cli.stage_verbs",
    "train": "medtune.cli.stage_verbs",
    "export": "medtune.cli.export",
    "ask": "medtune.cli.ask",
    "audit": "medtune.cli.audit",
    "release": "medtune.cli.stage_verbs",
    "report": "medtune.cli.stage_verbs",
    "grade": "medtune.cli.grade",
    "adjudicate": "medtune.cli.adjudicate",
    "chat": "medtune.cli.chat",
    "detect": "medtune.cli.detect",
    "inspect": "medtune.cli.inspect",
    "ls": "medtune.cli.ls",
    "purge": "medtune.cli.purge",
    "suites": "medtune.cli.suites",
    "verify": "medtune.cli.verify",
    "sign": "medtune.cli.sign",
    "lint": "medtune.cli.lint",
    "ollama": "medtune.cli.ollama",
    "compare-releases": "medtune.cli.compare_releases",
    "publish": "medtune.cli.publish",
    "bundle": "medtune.cli.bundle",
    "unbundle": "medtune.cli.unbundle",
    "toolchain": "medtune.cli.toolchain",
}
"""Verb to the module that holds a click command of that name, in the order in which help lists them."""


class LazyGroup(click.Group):
    """A group whose commands are imported on use, and whose errors end in one message and their exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Every verb, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a verb; None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(VERBS[cmd_name]), cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; an unknown one is answered with the nearest known."""
        near = difflib.get_close_matches(args[0], VERBS, n=1) if args and args[0] not in VERBS else []
        if near and not args[0].startswith("-"):
            ctx.fail(f"no such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run the command line and exit; never a traceback."""
        extra["standalone_mode"] = False
        try:
            result = super().main(args, *rest, **extra)
        except BaseException as error:
            sys.exit(exit_code_of(error))
        sys.exit(result if isinstance(result, int) else EXIT_DONE)


EPILOG = """\b
Example:
  medtune doctor
  medtune init my-recipe.yaml --data notes.jsonl
  medtune run my-recipe.yaml
  medtune chat my-recipe

Exit codes: 0 done, 1 failed, 2 bad input or recipe, 3 no build passed the gate, 130 interrupted.
"""


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(medtune.__version__, prog_name="medtune")
def cli() -> None:
    """From medical data to an audited, packaged language model, on your own machines.

    A recipe (YAML) says what is made of what; a run directory holds everything that came of it.
    """


def main() -> None:
    """Entry point of the command `medtune`."""
    # Waiting OpenMP threads spin for milliseconds, so busy programs starve each other: beside two other trainings,
    # matrix products took some four times as long as with this short spin. libgomp reads it once, as torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    cli.main(prog_name="medtune")
