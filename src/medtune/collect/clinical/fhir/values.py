"""Values of FHIR resources as text: concepts, quantities, ranges, dosages, attachments, days."""

import base64
import binascii
from collections.abc import Mapping
from datetime import date
from typing import Any

from medtune.collect.clinical.fhir.bundle import Bundle, Resource, each


def concept(value: Any) -> str:
    """A CodeableConcept's text, else the display or the code of its first coding."""
    if not isinstance(value, Mapping):
        return ""
    if isinstance(value.get("text"), str) and value["text"].strip():
        return str(value["text"]).strip()
    for coding in each(value.get("coding")):
        if shown := coding.get("display") or coding.get("code"):
            return str(shown).strip()
    return ""


def concepts(values: Any) -> str:
    """The first concept of a list that has words."""
    return next((text for value in each(values) if (text := concept(value))), "")


def codes(value: Any) -> set[str]:
    """Codes and displays of a concept or a list of them, lower case."""
    several = [value] if isinstance(value, Mapping) else list(each(value))
    found = {str(one.get("text", "")).lower() for one in several}
    for coding in (coding for one in several for coding in each(one.get("coding"))):
        found |= {str(coding.get("code", "")).lower(), str(coding.get("display", "")).lower()}
    return found - {""}


def quantity(value: Any) -> str:
    """Number and unit."""
    if not isinstance(value, Mapping) or not isinstance(value.get("value"), int | float):
        return ""
    sign = value.get("comparator") if isinstance(value.get("comparator"), str) else ""
    unit = value.get("unit") or value.get("code") or ""
    return f"{sign}{value['value']} {unit}".strip()


def observed(resource: Resource) -> str:
    """The value of an observation; its components side by side (blood pressure)."""
    for name in ("valueString", "valueInteger"):
        if resource.get(name) not in (None, ""):
            return str(resource[name]).strip()
    parts = [quantity(resource.get("valueQuantity")), concept(resource.get("valueCodeableConcept"))]
    parts += [
        f"{concept(part.get('code'))} {inner}".strip()
        for part in each(resource.get("component"))
        if (inner := observed(part))
    ]
    return ", ".join(part for part in parts if part)


def reference_range(resource: Resource) -> str:
    """`low-high`, or the range's own text."""
    for one in each(resource.get("referenceRange")):
        low, high = (one.get(name, {}) for name in ("low", "high"))
        ends = [str(end["value"]) for end in (low, high) if isinstance(end, Mapping) and "value" in end]
        if len(ends) == 2:
            return "-".join(ends)
        if isinstance(one.get("text"), str):
            return str(one["text"]).strip().strip("()")
    return ""


def medication(resource: Resource, bundle: Bundle) -> str:
    """Name, dose and frequency; empty (and counted) when the name is kept in a resource that is not there."""
    name = concept(resource.get("medicationCodeableConcept"))
    if not name:
        kept = bundle.resolve(resource.get("medicationReference"), str(resource["resourceType"]))
        name = concept(kept.get("code")) if kept else ""
    if not name:
        return ""
    return " ".join(part for part in (name, dosage(resource)) if part)


def dosage(resource: Resource) -> str:
    """The dosage's own text, else dose and timing of its first instruction."""
    for one in (*each(resource.get("dosageInstruction")), *each(resource.get("dosage"))):
        if isinstance(one.get("text"), str) and one["text"].strip():
            return str(one["text"]).strip()
        dose = next((quantity(part.get("doseQuantity")) for part in each(one.get("doseAndRate"))), "")
        timing = one.get("timing")
        often = concept(timing.get("code")) if isinstance(timing, Mapping) else ""
        if dose or often:
            return " ".join(part for part in (dose, concept(one.get("route")), often) if part)
    return ""


def notes_of(resource: Resource) -> str:
    """Annotations without their authors."""
    return "\n".join(str(note["text"]).strip() for note in each(resource.get("note")) if note.get("text"))


def attached(attachment: Any, bundle: Bundle) -> str:
    """Plain text of an attachment; what is kept elsewhere or in another format is counted."""
    if not isinstance(attachment, Mapping):
        return ""
    kind = str(attachment.get("contentType", "text/plain")).split(";")[0].strip().lower()
    if not kind.startswith("text/plain"):
        bundle.unused("an attachment that is no plain text", attachment)
        return ""
    data = attachment.get("data")
    if not isinstance(data, str) or not data:
        bundle.unused("an attachment that is kept elsewhere", attachment)
        return ""
    try:
        return base64.b64decode(data, validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError):
        bundle.unused("an attachment that cannot be decoded", attachment)
        return ""


def started(encounter: Resource) -> date | None:
    """Day of admission."""
    period = encounter.get("period")
    return _date(period.get("start")) if isinstance(period, Mapping) else None


def day_of(resource: Resource, start: date | None, *names: str) -> int | None:
    """The day of the stay (1: admission) on which something happened; None when that is not known."""
    for name in names:
        value = resource.get(name)
        value = value.get("start") if isinstance(value, Mapping) else value
        if start and (found := _date(value)):
            days = (found - start).days + 1
            return days if 1 <= days <= 9999 else None
    return None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
