import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from medtune.core import proc
from medtune.core.errors import ResourceError, ToolchainError

PYTHON = sys.executable


def python(code: str) -> list[str]:
    return [PYTHON, "-I", "-S", "-c", code]


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_output_of_both_streams_is_kept_and_logged(tmp_path: Path) -> None:
    log, seen = tmp_path / "logs" / "tool.log", list[str]()
    code = "import sys; print('one'); print('two'); print('careful', file=sys.stderr)"
    done = proc.run_tool(python(code), what="counting", log=log, on_line=seen.append)
    assert done.stdout == "one\ntwo\n"
    assert done.stderr_tail == "careful"
    assert 0 < done.seconds < 10
    assert sorted(log.read_text().split()) == ["careful", "one", "two"]
    assert sorted(seen) == ["careful", "one", "two"]


def test_more_output_than_a_pipe_holds_does_not_block() -> None:
    code = "import sys\nfor _ in range(40000): print('x' * 20); print('y' * 20, file=sys.stderr)"
    done = proc.run_tool(python(code), what="talking", timeout_s=60)
    assert len(done.stdout) == 40000 * 21
    assert done.stderr_tail.count("\n") < 50


def test_environment_and_folder_are_passed_on(tmp_path: Path) -> None:
    code = "import os; print(os.environ['WORD'], os.getcwd(), 'PATH' in os.environ)"
    done = proc.run_tool(python(code), what="looking", env={"WORD": "hello"}, cwd=tmp_path)
    assert done.stdout.split() == ["hello", str(tmp_path.resolve()), "True"]


def test_a_failure_names_the_task_the_exit_code_and_the_last_lines(tmp_path: Path) -> None:
    code = "import sys; print('all is well'); print('no such tensor', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ToolchainError) as caught:
        proc.run_tool(python(code), what="quantizing", log=tmp_path / "q.log")
    message = str(caught.value)
    assert "quantizing failed (exit code 3)" in message
    assert "| no such tensor" in message
    assert str(tmp_path / "q.log") in message


def test_a_signal_is_reported_as_one() -> None:
    with pytest.raises(ToolchainError, match="ended by signal 11"):
        proc.run_tool(python("import os; os.kill(os.getpid(), 11)"), what="crashing")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolchainError, match="no-such-tool was not found"):
        proc.run_tool(["no-such-tool"], what="trying")


def test_a_full_disk_is_told_by_the_tool() -> None:
    code = "import sys; sys.exit('write failed: No space left on device')"
    with pytest.raises(ResourceError, match="the disk is full"):
        proc.run_tool(python(code), what="writing")


def test_a_full_disk_is_seen_when_the_tool_only_says_that_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proc.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 4096})())
    with pytest.raises(ResourceError):
        proc.run_tool(python("raise SystemExit(1)"), what="writing", writes=tmp_path / "a.gguf")


def test_a_timeout_ends_the_tool_and_what_it_started() -> None:
    code = (
        "import subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    pids: list[int] = []
    with pytest.raises(ToolchainError, match="no end after 2 s"):
        proc.run_tool(python(code), what="waiting", timeout_s=2, on_line=lambda line: pids.append(int(line)))
    assert pids and gone(pids[0])


def test_ctrl_c_ends_the_tool() -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        os.kill(os.getpid(), signal.SIGINT)

    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        proc.run_tool(python(code), what="waiting", on_line=interrupt)
    assert gone(pids[0])


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from medtune.core import proc\n"
        "child = proc.start([sys.executable, '-c', 'import time; time.sleep(60)'], what='sleeping')\n"
        "while child.tool_pid is None: time.sleep(0.01)\n"
        "print(child.tool_pid, flush=True)\n"
        "time.sleep(60)"
    )
    source = str(Path(proc.__file__).parents[2])
    with subprocess.Popen(
        [PYTHON, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": source}
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        assert gone(pid)


def test_a_child_outlives_the_thread_that_started_it() -> None:
    children: list[proc.Child] = []
    code = "import time; time.sleep(60)"
    thread = threading.Thread(target=lambda: children.append(proc.start(python(code), what="sleeping")))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert children[0].poll() is None
    children[0].stop()
    children[0].stop()
    assert children[0].poll() == -signal.SIGTERM
    assert children[0].tool_pid is None


def test_there_is_no_terminal_to_read_from() -> None:
    child = proc.start(python("input()"), what="asking")
    assert child.wait(10) == 1


def test_a_tool_that_ignores_sigterm_is_killed() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    child = proc.start(python(code), what="being stubborn", stdout=subprocess.PIPE)
    assert child.process.stdout is not None
    child.process.stdout.readline()
    pid = child.tool_pid
    child.stop(grace_s=0.2)
    child.process.stdout.close()
    assert pid is not None and gone(pid)


def test_log_tail_takes_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert proc.log_tail(log) == []
    log.write_bytes(b"".join(b"line %d\n\n" % number for number in range(5000)) + b"\xff cut")
    assert proc.log_tail(log, 2) == ["line 4999", "\ufffd cut"]
