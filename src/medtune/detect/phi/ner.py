"""An optional model of the site's own: token classification in the Hugging Face layout, from a local folder only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medtune.detect.phi.found import KINDS, Found

_KIND_OF = {
    "per": "name", "person": "name", "patient": "name", "doctor": "name", "staff": "name", "name": "name",
    "loc": "place", "location": "place", "gpe": "place", "hosp": "place", "hospital": "place", "facility": "place",
    "street": "place", "city": "place", "zip": "place", "org": "place", "date": "date", "age": "age", "id": "unique_id",
    "phone": "phone", "email": "email", "medicalrecord": "mrn", "idnum": "unique_id", "username": "unique_id",
}  # fmt: skip
_OVERLAP = 64


@dataclass
class NerRecognizer:
    """Labels such as `B-PER`, `PATIENT`, `HOSPITAL`; others are passed over, `AGE` too unless it is over 89."""

    folder: Path
    least: float = 0.5
    _pipe: Any = field(default=None, repr=False)

    def find(self, text: str) -> Iterable[Found]:
        """Spans of the model. Raises OSError or ValueError when the folder holds no such model."""
        if self._pipe is None:
            self._pipe = load_pipe(self.folder)
        for one in self._pipe(text, stride=_OVERLAP):
            label = one["entity_group"].split("-")[-1].casefold()
            kind = label if label in KINDS else _KIND_OF.get(label)
            if kind is None or one["score"] < self.least or (kind == "age" and not _over_89(text, one)):
                continue
            yield Found(int(one["start"]), int(one["end"]), kind, min(float(one["score"]), 0.84))


def _over_89(text: str, one: dict[str, Any]) -> bool:
    digits = "".join(char for char in text[one["start"] : one["end"]] if char.isdigit())
    return digits != "" and int(digits) > 89


def load_pipe(folder: Path) -> Any:
    """The model with its tokenizer; nothing is fetched."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    model = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple", device=-1)
