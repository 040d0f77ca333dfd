"""Runs a tool and ends with it; kills the whole process group when the process that started it is gone.

Started by path from `core.proc` as `python -I -S _guard.py LIFELINE_FD PROGRAM ARGUMENT...`: it must import
nothing but the standard library, and little of that. The lifeline is the reading end of a pipe whose writing end
lives in the starter: it reaches its end when the starter closes it or dies, SIGKILL included. Linux's
PR_SET_PDEATHSIG would not do: it fires when the starting *thread* ends and needs code between fork and exec.
"""

import os
import select
import signal
import sys


def _exit_like(status: int) -> None:
    """End as the tool ended: the same exit code, or the same signal."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)


def main() -> None:
    """Start the tool named on the command line and watch both ends."""
    lifeline, argv = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(lifeline, False)
    wake, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        tool = os.posix_spawn(argv[0], argv, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the group gets these; the guard stays to report how the tool ended
    while True:
        ready, _, _ = select.select([lifeline, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        finished, status = os.waitpid(tool, os.WNOHANG)
        if finished:
            _exit_like(status)
        if lifeline in ready:
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
