"""A bundle's resources by type and by the ways in which others refer to them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Resource = Mapping[str, Any]

READ = frozenset({
    "Encounter", "Condition", "Observation", "MedicationRequest", "MedicationStatement", "Medication", "Procedure",
    "DiagnosticReport", "DocumentReference", "ServiceRequest",
})  # fmt: skip
"""Types that are read; all others are passed over."""


@dataclass
class Bundle:
    """One bundle."""

    resources: dict[str, list[Resource]] = field(default_factory=lambda: defaultdict(list))
    named: dict[str, Resource] = field(default_factory=dict)
    _unused: set[tuple[str, int]] = field(default_factory=set)

    def unused(self, what: str, part: object) -> None:
        """Count a part of the bundle that cannot be used, once however often it is looked at."""
        self._unused.add((what, id(part)))

    @property
    def notes(self) -> Counter[str]:
        """How many parts could not be used and why, in words that name no content."""
        return Counter(what for what, _ in self._unused)

    def resolve(self, reference: Any, what: str) -> Resource | None:
        """The resource that a reference names; None and a count when it is not in the bundle."""
        target = reference.get("reference") if isinstance(reference, Mapping) else None
        if not isinstance(target, str) or not target:
            return None
        found = self.named.get(target) or self.named.get("/".join(target.split("/")[-2:]))
        if found is None:
            self.unused(f"{what} refers to a resource that is not in the bundle", reference)
        return found


def read_bundle(value: Mapping[str, Any]) -> Bundle:
    """The bundle's resources; entries without one are counted."""
    bundle = Bundle()
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
        if not isinstance(resource, Mapping) or not isinstance(kind, str):
            bundle.unused("an entry holds no resource", entry)
            continue
        if kind not in READ:
            continue
        bundle.resources[kind].append(resource)
        if isinstance(resource.get("id"), str):
            bundle.named[f"{kind}/{resource['id']}"] = resource
        if isinstance(entry.get("fullUrl"), str):
            bundle.named[entry["fullUrl"]] = resource
    return bundle


def is_bundle(value: Mapping[str, Any]) -> bool:
    """Is this object a FHIR bundle? Keys of rows are lower case."""
    return "Bundle" in (value.get("resourceType"), value.get("resourcetype"))


def each(values: Any) -> Iterator[Resource]:
    """The objects of a list; anything else gives none."""
    yield from (value for value in values if isinstance(value, Mapping)) if isinstance(values, list) else ()


def of_encounter(bundle: Bundle, kind: str, encounter: Resource) -> Iterator[Resource]:
    """Resources of a type that belong to an encounter; those that name none belong to the only one."""
    alone = len(bundle.resources["Encounter"]) == 1
    for resource in bundle.resources[kind]:
        named = list(_encounters(resource))
        if not named:
            if alone:
                yield resource
        elif any(
            bundle.named.get(_key(target)) is encounter or bundle.named.get(target) is encounter for target in named
        ):
            yield resource


def count_strays(bundle: Bundle) -> None:
    """Count resources that no encounter of the bundle takes."""
    several = len(bundle.resources["Encounter"]) > 1
    for kind in sorted(READ - {"Encounter", "Medication"}):
        for resource in bundle.resources[kind]:
            named = list(_encounters(resource))
            if named and not any(bundle.named.get(target) or bundle.named.get(_key(target)) for target in named):
                bundle.unused(f"{kind} refers to an encounter that is not in the bundle", resource)
            elif not named and several:
                bundle.unused(f"{kind} names no encounter, and the bundle has several", resource)


def _key(target: str) -> str:
    return "/".join(target.split("/")[-2:])


def _encounters(resource: Resource) -> Iterable[str]:
    """References to encounters: `encounter`, or `context.encounter` of documents."""
    context = resource.get("context")
    named = [resource.get("encounter"), *(each(context.get("encounter")) if isinstance(context, Mapping) else [])]
    for reference in named:
        target = reference.get("reference") if isinstance(reference, Mapping) else None
        if isinstance(target, str) and target:
            yield target
