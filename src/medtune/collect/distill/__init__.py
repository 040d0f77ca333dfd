"""Rows that a teacher writes: prompts, the calls with their ledger, the judgement of answers, and the statistics.

`collect.sources.distill` is the source that a recipe names; what it is made of stands here.
"""
