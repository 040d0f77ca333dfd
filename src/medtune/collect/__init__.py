"""Sources to raw records: every row with its licence, document and topic, and a count of what was dropped and why.

One file per kind of source in `sources/`. Other rooms read `01-collect/records.jsonl` and `sources.json`; both are
described in `medtune.runs.records.collect`.
"""
