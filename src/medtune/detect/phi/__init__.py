"""Protected health information: text in, spans out. `find_phi` is the door."""

from medtune.detect.phi.detect import Recognizer, RuleRecognizer, find_phi
from medtune.detect.phi.found import KINDS, STRUCTURED, Found

__all__ = ["KINDS", "STRUCTURED", "Found", "Recognizer", "RuleRecognizer", "find_phi"]
