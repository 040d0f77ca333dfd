"""`medtune chat RUN`: talk to the released build."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.options import build_option, example, runs_option

if TYPE_CHECKING:
    from medtune.cli.runs import ChosenBuild
    from medtune.llm.messages import Message
    from medtune.llm.server import LlamaServer

_ENDS = frozenset({"quit", "exit", "/quit", "/exit", ":q"})
_END_OF_DOCUMENT = "/end"


@click.command(epilog=example("medtune chat quickstart", "medtune chat runs/quickstart --build Q2_K"))
@click.argument("run")
@build_option
@runs_option
def chat(run: str, build: str | None, runs_folder: Path) -> None:
    """Talk to a run's model.

    RUN is a name in the runs folder or a path; its released build answers, or the one named by --build. Every
    answer names the build that gave it and carries the task's disclaimer. `/new` starts afresh; quit, exit,
    Ctrl-D or Ctrl-C ends. A task that reads documents takes lines up to one that says /end, each document on
    its own.
    """
    from medtune.cli.runs import choose_build, find_run
    from medtune.cli.talk import serving

    chosen = choose_build(find_run(run, runs_folder), build)
    with contextlib.suppress(KeyboardInterrupt, EOFError), serving(chosen) as server:
        click.echo(f"{chosen.task.title}: {chosen.name} {chosen.build.name}. quit ends, /new starts afresh.", err=True)
        _converse(chosen, server)
    click.echo(err=True)


def _converse(chosen: "ChosenBuild", server: "LlamaServer") -> None:
    """Read questions until there are no more; EOFError and KeyboardInterrupt end it."""
    from medtune.cli.talk import decoding_of, fitted, footer
    from medtune.tasks import compares

    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 (line editing and history for input())
    decoding = decoding_of(chosen)
    start: list[Message] = [{"role": "system", "content": chosen.task.system}]
    messages = list(start)
    documents = compares(chosen.task)
    if documents:
        click.echo(f"Paste a document; a line {_END_OF_DOCUMENT} ends it.", err=True)
    while (question := _read_document() if documents else _read_question()).casefold() not in _ENDS:
        if documents or question == "/new":
            messages = list(start)
        if not question or question == "/new":
            continue
        messages = fitted(server, [*messages, {"role": "user", "content": question}], decoding)
        pieces = []
        for piece in server.stream(messages, decoding):
            pieces.append(piece)
            click.echo(piece, nl=False)
        messages.append({"role": "assistant", "content": "".join(pieces)})
        click.echo(f"\n\n{footer(chosen)}\n")


def _read_document() -> str:
    """Lines up to the one that ends a document, or to the end of the input; a first line may end the talk instead."""
    lines: list[str] = []
    while True:
        try:
            line = _read_line()
        except EOFError:
            if any(lines):
                break
            raise
        if line.strip() == _END_OF_DOCUMENT:
            break
        if not any(lines) and line.strip().casefold() in _ENDS:
            return line.strip()
        lines.append(line)
    return "\n".join(lines).strip()


def _read_question() -> str:
    """One line from the person."""
    return _read_line().strip()


def _read_line() -> str:
    """One line as it was typed, whatever bytes it holds; the prompt is shown on a terminal only."""
    if sys.stdin.isatty():
        return input("> ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")
