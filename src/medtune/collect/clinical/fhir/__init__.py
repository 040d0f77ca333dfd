"""FHIR R4 bundles to documents. Nothing of Patient, Practitioner, RelatedPerson, narratives or displayed references is
read; dates become days of the stay."""
