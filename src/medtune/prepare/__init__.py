"""Raw records to training, validation and test examples: cleaning, conversion, refusals, the split, what was dropped.

Steps stand in `steps/`, converters in `convert/`. Other rooms read `02-prepare/{train,val,test}.jsonl` (described in
`medtune.runs.records.prepare`), `rejected.jsonl` and `stats.json`.
"""
