"""The whole run on a machine without a network: a network namespace that has the loopback device and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import run_words

from medtune.llamacpp.toolchain import Toolchain

pytestmark = pytest.mark.slow

_IN_NAMESPACE = """
import fcntl, socket, struct, sys
with socket.socket() as any_socket:  # loopback is down in a new namespace: SIOCSIFFLAGS with IFF_UP
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
assert [name for _, name in socket.if_nameindex()] == ["lo"]
from medtune.cli.main import main
main()
"""


def test_the_whole_run_works_without_a_network(toolchain: Toolchain, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not allow network namespaces (unshare -rn)")
    done = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", _IN_NAMESPACE, *run_words(tmp_path / "runs")],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr  # ten cases release nothing
    assert (tmp_path / "runs" / "quickstart" / "report.html").is_file()
    assert "Traceback" not in done.stderr
