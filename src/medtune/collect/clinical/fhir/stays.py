"""The encounters of a bundle as encounter documents."""

from collections.abc import Iterator
from datetime import date

from medtune.collect.clinical.fhir.bundle import Bundle, Resource, each, of_encounter
from medtune.collect.clinical.fhir.values import (
    attached,
    codes,
    concept,
    concepts,
    day_of,
    medication,
    notes_of,
    observed,
    reference_range,
    started,
)
from medtune.tasks.forms import ConsultationNote, DayLab, Encounter, Note, Order
from medtune.tasks.forms.encounter import NoteKind

_CONSULT = frozenset({"consult", "consultation", "consultation - action", "11429006", "referral"})
_NOTE_KINDS: tuple[tuple[str, NoteKind], ...] = (
    ("admission", "admission"),
    ("history and physical", "admission"),
    ("34117-2", "admission"),
    ("nurs", "nursing"),
    ("34746-8", "nursing"),
    ("discharge", "discharge"),
    ("18842-5", "discharge"),
)


def stay(bundle: Bundle, encounter: Resource) -> Encounter:
    """One encounter with everything that refers to it."""
    start = started(encounter)
    return Encounter(
        diagnoses=tuple(diagnoses(bundle, encounter)),
        labs=tuple(labs(bundle, encounter, start)),
        orders=tuple(_orders(bundle, encounter, start)),
        notes=tuple(_notes(bundle, encounter, start)),
        consultations=tuple(_consultations(bundle, encounter, start)),
        disposition=_disposition(encounter),
    )


def diagnoses(bundle: Bundle, encounter: Resource) -> Iterator[str]:
    """Names of the conditions, those that the encounter itself ranks first; each once."""
    ranked = [bundle.resolve(one.get("condition"), "Encounter") for one in each(encounter.get("diagnosis"))]
    own = of_encounter(bundle, "Condition", encounter)
    yield from dict.fromkeys(name for one in (*ranked, *own) if one is not None and (name := concept(one.get("code"))))


def labs(bundle: Bundle, encounter: Resource, start: date | None) -> Iterator[DayLab]:
    """Observations that are no vital signs; those without name or value are counted."""
    for one in of_encounter(bundle, "Observation", encounter):
        if is_vital(one):
            continue
        name, value = concept(one.get("code")), observed(one)
        if name and value:
            yield DayLab(name, value, reference_range(one), day_of(one, start, "effectiveDateTime", "effectivePeriod"))
        else:
            bundle.unused("Observation without name or value", one)


def vitals(bundle: Bundle, encounter: Resource) -> str:
    """Vital signs in one line."""
    found = (
        f"{concept(one.get('code'))} {observed(one)}"
        for one in of_encounter(bundle, "Observation", encounter)
        if is_vital(one) and concept(one.get("code")) and observed(one)
    )
    listed = ", ".join(dict.fromkeys(found))
    return f"Vital signs: {listed}." if listed else ""


def reports(bundle: Bundle, encounter: Resource) -> Iterator[tuple[Resource, str]]:
    """Diagnostic reports with their conclusions."""
    for one in of_encounter(bundle, "DiagnosticReport", encounter):
        texts = [str(one.get("conclusion") or "").strip()]
        texts += [attached(form, bundle) for form in each(one.get("presentedForm"))]
        if told := "\n".join(text for text in texts if text):
            yield one, f"{concept(one.get('code'))}: {told}".removeprefix(": ")


def documents(bundle: Bundle, encounter: Resource) -> Iterator[tuple[Resource, str]]:
    """Document references with their plain texts."""
    for one in of_encounter(bundle, "DocumentReference", encounter):
        texts = [attached(part.get("attachment"), bundle) for part in each(one.get("content"))]
        if told := "\n".join(text for text in texts if text):
            yield one, told


def drugs(bundle: Bundle, encounter: Resource) -> Iterator[tuple[Resource, str]]:
    """Medication requests and statements as they would be ordered."""
    for kind in ("MedicationRequest", "MedicationStatement"):
        for one in of_encounter(bundle, kind, encounter):
            if text := medication(one, bundle):
                yield one, text


def consult_requests(bundle: Bundle, encounter: Resource) -> Iterator[Resource]:
    """Service requests that ask another department."""
    for one in of_encounter(bundle, "ServiceRequest", encounter):
        if (codes(one.get("category")) | codes(one.get("code"))) & _CONSULT:
            yield one


def replies(bundle: Bundle, encounter: Resource, request: Resource) -> str:
    """What was answered: reports based on the request, and documents related to it."""
    found = [
        told.partition(": ")[2] or told
        for one, told in reports(bundle, encounter)
        if any(bundle.resolve(based, "DiagnosticReport") is request for based in each(one.get("basedOn")))
    ]
    for one, told in documents(bundle, encounter):
        context = one.get("context")
        related = each(context.get("related")) if isinstance(context, dict) else ()
        if any(bundle.resolve(reference, "DocumentReference") is request for reference in related):
            found.append(told)
    return "\n".join(found)


def is_vital(observation: Resource) -> bool:
    """Is this observation a vital sign?"""
    return bool(codes(observation.get("category")) & {"vital-signs", "vital signs"})


def _orders(bundle: Bundle, encounter: Resource, start: date | None) -> Iterator[Order]:
    for one, text in drugs(bundle, encounter):
        yield Order("medication", text, day_of(one, start, "authoredOn", "effectiveDateTime", "effectivePeriod"))
    for one in of_encounter(bundle, "Procedure", encounter):
        if text := concept(one.get("code")):
            yield Order("procedure", text, day_of(one, start, "performedDateTime", "performedPeriod"))
    for one in of_encounter(bundle, "ServiceRequest", encounter):
        known = codes(one.get("category"))
        text = concept(one.get("code"))
        if text and known & {"imaging", "363679005", "radiology"}:
            yield Order("imaging", text, day_of(one, start, "authoredOn"))


def _notes(bundle: Bundle, encounter: Resource, start: date | None) -> Iterator[Note]:
    replied = {id(one) for one in bundle.resources["DiagnosticReport"] if one.get("basedOn")}
    for one, text in documents(bundle, encounter):
        context = one.get("context")
        if not (isinstance(context, dict) and context.get("related")):
            yield Note(_note_kind(one), text, day_of(one, start, "date"))
    if line := vitals(bundle, encounter):
        yield Note("nursing", line)
    for one, text in reports(bundle, encounter):
        if id(one) not in replied:
            yield Note("progress", text, day_of(one, start, "effectiveDateTime", "issued"))


def _note_kind(document: Resource) -> NoteKind:
    known = " ".join(sorted(codes(document.get("type"))))
    return next((kind for word, kind in _NOTE_KINDS if word in known), "progress")


def _consultations(bundle: Bundle, encounter: Resource, start: date | None) -> Iterator[ConsultationNote]:
    for one in consult_requests(bundle, encounter):
        asked = concepts(one.get("reasonCode"))
        reply = replies(bundle, encounter, one) or notes_of(one)
        text = " ".join(part for part in (f"Asked about {asked}." if asked else "", reply) if part)
        department = concept(one.get("performerType")) or concept(one.get("code"))
        if department:
            yield ConsultationNote(department, text, day_of(one, start, "authoredOn"))


def _disposition(encounter: Resource) -> str:
    stayed = encounter.get("hospitalization")
    return concept(stayed.get("dischargeDisposition")) if isinstance(stayed, dict) else ""
