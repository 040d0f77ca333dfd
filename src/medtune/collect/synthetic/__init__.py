"""Made-up hospital cases that hang together: a seeded draw from facts, the documents, and answers that keep to them.

`facts/` holds what may be drawn; `plausible` checks documents against the range table without knowing how they came.
"""
