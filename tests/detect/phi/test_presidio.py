"""Presidio's checksums, built and run without a network and without torch."""

import subprocess
import sys

from medtune.detect.phi.presidio import PresidioRecognizer

OFFLINE = """
import socket, sys
def refused(*args, **kwargs):
    raise AssertionError("the gate reached for the network")
class Blocked(socket.socket):
    __init__ = refused
socket.socket, socket.create_connection, socket.getaddrinfo = Blocked, refused, refused
from medtune.detect.phi import find_phi
text = "Dr. Quillfeather, p.doe@example.co.uk, www.example.co.uk: NHS 943 476 5919, GB82 WEST 1234 5698 7654 32."
found = find_phi(text)
assert {"name", "email", "url", "mrn", "account"} <= {one.kind for one in found}, found
assert "presidio_analyzer" in sys.modules and "torch" not in sys.modules and "transformers" not in sys.modules
assert not [name for name in sys.modules if sys.modules[name] is None], "an import stays hidden"
"""


def test_the_gate_runs_with_sockets_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_number_counts_when_its_check_digit_holds() -> None:
    recognizer = PresidioRecognizer()
    right = list(recognizer.find("The number 943 476 5919 is on the form."))
    wrong = list(recognizer.find("The number 943 476 5918 is on the form."))
    assert [one.kind for one in right] == ["mrn"] and wrong == []


def test_prose_without_numbers_never_builds_the_engine() -> None:
    recognizer = PresidioRecognizer()
    assert list(recognizer.find("In 2019 he took 20 mg a day for 3 weeks.")) == []
    assert recognizer._engine is None
