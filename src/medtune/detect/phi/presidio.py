"""Microsoft Presidio, kept off the network: its checksummed numbers of many countries beside our own recognizers.

What is used: the analyzer engine, its registry and its recognizers of numbers with a check digit. What is not: the
default engine (fetches a spaCy model), the recognizers of web and mail addresses (tldextract fetches a list of
suffixes; our own forms cover both), that of telephone numbers (20 ms a text), and those without a checksum (they mark
any number).
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from medtune.detect.phi.found import Found
from medtune.detect.phi.structured import around

KIND_OF = {
    "CREDIT_CARD": "account",
    "IBAN_CODE": "account",
    "CRYPTO": "account",
    "US_SSN": "ssn",
    "US_ITIN": "ssn",
    "UK_NHS": "mrn",
    "US_MBI": "health_plan",
    "AU_MEDICARE": "health_plan",
    "MEDICAL_LICENSE": "licence",
    "US_NPI": "licence",
    "MAC_ADDRESS": "device",
}
"""Kind of Presidio's entities; every other one is a `unique_id`."""
RECOGNIZERS = (
    "AuAbnRecognizer", "AuMedicareRecognizer", "AuTfnRecognizer", "CaSinRecognizer", "CreditCardRecognizer",
    "CryptoRecognizer", "DeTaxIdRecognizer", "EsNieRecognizer", "EsNifRecognizer", "FiPersonalIdentityCodeRecognizer",
    "IbanRecognizer", "InAadhaarRecognizer", "ItFiscalCodeRecognizer", "KrRrnRecognizer", "MacAddressRecognizer",
    "MedicalLicenseRecognizer", "NhsRecognizer", "PlPeselRecognizer", "SePersonnummerRecognizer",
    "SgFinRecognizer", "ThTninRecognizer", "TrNationalIdRecognizer", "UkNinoRecognizer", "UsItinRecognizer",
    "UsMbiRecognizer", "UsNpiRecognizer", "UsSsnRecognizer", "ZaIdNumberRecognizer",
)  # fmt: skip
LEAST = 0.5
_LONG = re.compile(
    r"\d(?:[A-Z]?[ .:-]?\d){5,}|\d[A-Z]{1,2}\d-?[A-Z]{2}\d|(?:[0-9A-F]{2}[:-]){5}|[13][a-km-zA-HJ-NP-Z1-9]{25}"
)
_AROUND = 40
_HEAVY = ("torch", "transformers")


@dataclass
class PresidioRecognizer:
    """Presidio's engine around numbers worth checking; built at the first of them."""

    _engine: Any = field(default=None, repr=False)

    def find(self, text: str) -> Iterable[Found]:
        """Spans of numbers whose checksum holds. Raises ImportError without presidio-analyzer."""
        for start, end in around(text, _LONG, _AROUND, _AROUND):
            if self._engine is None:
                self._engine = build_engine()
            for one in self._engine.analyze(text[start:end], language="en", score_threshold=LEAST):
                kind = KIND_OF.get(one.entity_type, "unique_id")
                yield Found(start + one.start, start + one.end, kind, min(one.score, 0.9))


def build_engine() -> Any:
    """An analyzer engine with RECOGNIZERS and no language model: nothing is fetched, here or later."""
    with _without(_HEAVY):
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
        from presidio_analyzer.nlp_engine import NoOpNlpEngine
    registry = RecognizerRegistry(supported_languages=["en"])
    for name in RECOGNIZERS:
        registry.add_recognizer(getattr(predefined_recognizers, name)(supported_language="en"))
    engine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Let spaCy and Presidio believe that torch and transformers are missing: they would import both (ten seconds)
    for engines that are not used here. What is loaded already stays."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
