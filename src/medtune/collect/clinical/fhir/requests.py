"""The consultations of a bundle as consultation forms."""

from collections.abc import Iterator

from medtune.collect.clinical.fhir.bundle import Bundle, Resource, each
from medtune.collect.clinical.fhir.stays import (
    consult_requests,
    diagnoses,
    drugs,
    labs,
    replies,
    reports,
    vitals,
)
from medtune.collect.clinical.fhir.values import concept, concepts, notes_of
from medtune.tasks.forms import Consultation, LabResult, Request


def forms(bundle: Bundle, encounter: Resource) -> Iterator[Consultation]:
    """One form for each request to another department."""
    for one in consult_requests(bundle, encounter):
        other = [text for report, text in reports(bundle, encounter) if not any(each(report.get("basedOn")))]
        yield Consultation(
            request=Request(
                department=concept(one.get("performerType")),
                reason=concepts(one.get("reasonCode")),
                sender=concept(encounter.get("serviceType")),
                question=notes_of(one).replace("\n", " "),
            ),
            background="; ".join(diagnoses(bundle, encounter)),
            medication=tuple(text for _, text in drugs(bundle, encounter)),
            laboratory=tuple(LabResult(lab.name, lab.value, lab.range) for lab in labs(bundle, encounter, None)),
            findings="\n".join(part for part in (vitals(bundle, encounter), *other) if part),
            reply=replies(bundle, encounter, one),
        )
