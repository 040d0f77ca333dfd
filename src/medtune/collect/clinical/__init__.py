"""A site's own export to the documents that clinical tasks read: rows by a mapping, or FHIR bundles.

Every case ends as a document or as a reason that holds none of its words; what looks swapped is noticed, since a
mapping that is wrong by one column would else be trained on.
"""
