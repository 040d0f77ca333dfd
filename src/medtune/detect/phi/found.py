"""What the detector says: a span, its kind and how sure it is. Kinds follow the 18 identifiers of Safe Harbor."""

from dataclasses import dataclass

KINDS: dict[str, str] = {
    "name": "names",
    "place": "geographic subdivisions smaller than a state, hospitals and wards among them",
    "date": "elements of dates other than the year",
    "age": "ages over 89",
    "phone": "telephone numbers",
    "fax": "fax numbers",
    "email": "electronic mail addresses",
    "ssn": "social security numbers",
    "mrn": "medical record numbers",
    "health_plan": "health plan beneficiary numbers",
    "account": "account numbers, credit cards and IBAN among them",
    "licence": "certificate and licence numbers",
    "vehicle": "vehicle identifiers, serial numbers and licence plates",
    "device": "device identifiers and serial numbers",
    "url": "web addresses",
    "ip": "IP addresses",
    "biometric": "biometric identifiers, where a number stands for them",
    "photo": "full-face photographs, where a file name stands for them",
    "unique_id": "any other unique identifying number, characteristic or code",
}
"""Kind and the identifier of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)(i)) it stands for; dates and ages are one."""
STRUCTURED = frozenset(KINDS) - {"name", "place"}


@dataclass(frozen=True, order=True)
class Found:
    """One identifier: characters [start, end) of the text, a key of KINDS, and a score (0 to 1)."""

    start: int
    end: int
    kind: str
    score: float


def settle(found: list[Found]) -> tuple[Found, ...]:
    """Spans without overlap, in order. The surer one keeps a contested place; equal ones: the longer, then the first.

    What the loser covers beyond the winner stays covered: its rest is joined to the winner, so nothing reappears.
    """
    settled: list[Found] = []
    group: list[Found] = []
    end = 0
    for one in sorted(found, key=lambda span: (span.start, span.end)):
        if group and one.start >= end:
            settled += _settle(group)
            group = []
        end = max(end, one.end) if group else one.end
        group.append(one)
    return (*settled, *_settle(group))


def _settle(group: list[Found]) -> list[Found]:
    """The same for spans that hang together; there are few of them, however long the text is."""
    kept: list[Found] = []
    for one in sorted(group, key=lambda span: (-span.score, span.start - span.end, span.start)):
        hits = [other for other in kept if one.start < other.end and other.start < one.end]
        if not hits:
            kept.append(one)
            continue
        best = min(hits, key=lambda span: (-span.score, span.start))
        merged = Found(
            min(one.start, *(hit.start for hit in hits)),
            max(one.end, *(hit.end for hit in hits)),
            best.kind,
            best.score,
        )
        kept = [other for other in kept if other not in hits]
        kept.append(merged)
    return sorted(kept)
