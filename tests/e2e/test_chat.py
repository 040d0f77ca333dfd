"""`medtune chat`: it ends without noise, and every answer carries what it must."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import SmallRun

COMMAND = [Path(sys.executable).with_name("medtune"), "chat"]
DISCLAIMER = "no medical advice"


def piped(run: Path, text: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, run, "--build", "Q8_0"], input=text, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("end", ["quit\n", "EXIT\n", ""])
def test_a_conversation_ends_quietly(small_run: "SmallRun", end: str) -> None:
    done = piped(small_run.run.path, f"What is anemia?\n\n{end}")
    assert done.returncode == 0
    assert done.stdout.count("[quickstart Q8_0: HOLD") == 1 == done.stdout.count(DISCLAIMER)
    assert "Traceback" not in done.stderr and "interrupted" not in done.stderr


def test_every_answer_of_a_conversation_carries_the_disclaimer(small_run: "SmallRun") -> None:
    questions = [f"Explain the medical term: {word} fever" for word in ("yellow", "scarlet")]
    done = piped(small_run.run.path, "\n".join([*questions, "/new", "What is a cough?"]))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(DISCLAIMER) == len(questions) + 1


def test_ctrl_c_on_a_terminal_ends_it_without_noise(small_run: "SmallRun") -> None:
    keyboard, terminal = pty.openpty()
    chat = subprocess.Popen(
        [*COMMAND, small_run.run.path, "--build", "Q8_0"],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        seen = wait_for(keyboard, "> ")
        chat.send_signal(signal.SIGINT)
        assert chat.wait(timeout=30) == 0
        seen += read_rest(keyboard)
    finally:
        chat.kill()
        chat.wait()
        os.close(keyboard)
    assert "Traceback" not in seen and "interrupted" not in seen


def wait_for(terminal: int, words: str) -> str:
    seen, deadline = "", time.monotonic() + 60
    while words not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([terminal], [], [], 1.0)[0]:
            seen += os.read(terminal, 4096).decode("utf-8", "replace")
    return seen


def read_rest(terminal: int) -> str:
    seen = ""
    while select.select([terminal], [], [], 0.2)[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so at the end of a pseudo terminal
            break
        if not piece:
            break
        seen += piece.decode("utf-8", "replace")
    return seen
