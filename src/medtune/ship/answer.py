"""Ask a release one question by llama-server, as it was audited."""

import tempfile
from pathlib import Path

from medtune.llamacpp.toolchain import find
from medtune.llm.messages import Message
from medtune.llm.server import LlamaServer
from medtune.ship.folder import ReleaseFolder
from medtune.tasks import load_task


def answer_once(found: ReleaseFolder) -> tuple[str, str]:
    """The task's first smoke question and the answer. Raises ToolchainError, ServerError, ModelError, UsageError."""
    task = load_task(found.row.task)
    question = task.smoke[0]
    messages = [Message(role="system", content=task.system), Message(role="user", content=question)]
    context = found.row.served.get("context")
    with tempfile.TemporaryDirectory() as logs:
        ctx_size = context if isinstance(context, int) else 2048
        with LlamaServer(find(), found.gguf, log=Path(logs) / "server.log", threads=1, ctx_size=ctx_size) as server:
            return question, server.chat(messages, task.decoding.settings()).text
