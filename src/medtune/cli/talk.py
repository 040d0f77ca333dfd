"""Talk to a build: the server behind `chat` and `ask`, and what stands under every answer."""

import contextlib
import os
from collections.abc import Iterator, Sequence

from medtune.ask.setting import choose_threads, usable_cores
from medtune.cli.runs import ChosenBuild, read_builds
from medtune.llamacpp.toolchain import cache_folder, find
from medtune.llm.llamaserver_api import apply_template, props, tokenize
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer
from medtune.pipeline.open import read_recipe
from medtune.runs.layout import RECIPE
from medtune.tasks import FORM_ONLY_NOTE


@contextlib.contextmanager
def serving(chosen: ChosenBuild) -> Iterator[LlamaServer]:
    """A server for a build, with as many threads as the audit used for its largest build, so that answers agree.

    Its log goes to medtune's cache, since a run directory may be read-only.
    """
    opened = read_recipe(chosen.run.file(RECIPE))
    named = opened.recipe.llama_cpp
    toolchain = find(str(opened.whole().resolve(named)) if named else None)
    largest = max(build.size_bytes for build in read_builds(chosen.run))
    threads = choose_threads(largest, toolchain, opened.recipe.ask.threads, usable_cores())
    log = cache_folder() / "logs" / f"chat-{chosen.name}-{os.getpid()}.log"
    with LlamaServer(toolchain, chosen.file, log=log, threads=threads) as server:
        yield server
    log.unlink(missing_ok=True)


def decoding_of(chosen: ChosenBuild, max_tokens: int | None = None) -> Decoding:
    """How the audit drew answers: the same question gets the answer that was graded."""
    return chosen.task.decoding.settings(max_tokens=max_tokens)


def footer(chosen: ChosenBuild) -> str:
    """What stands under every answer: the build that gave it, its verdict and what it means, the disclaimer."""
    scope = "" if chosen.verdict.startswith("RELEASE") else f" ({FORM_ONLY_NOTE})"
    return f"[{chosen.name} {chosen.build.name}: {chosen.verdict}{scope}]\n[{chosen.task.disclaimer.strip()}]"


def fitted(server: LlamaServer, messages: Sequence[Message], decoding: Decoding) -> list[Message]:
    """The conversation without its oldest exchanges, so that prompt and answer fit into the model's context."""
    context = _context_tokens(server)
    kept = list(messages)
    while context and len(kept) > 3:
        prompt = tokenize(server.client, apply_template(server.client, server.control.messages(kept)))
        if len(prompt) + decoding.max_tokens <= context:
            break
        del kept[1:3]  # the oldest question and its answer; the system turn stays
    return kept


def _context_tokens(server: LlamaServer) -> int:
    settings = props(server.client).get("default_generation_settings")
    value = settings.get("n_ctx") if isinstance(settings, dict) else None
    return value if isinstance(value, int) else 0
