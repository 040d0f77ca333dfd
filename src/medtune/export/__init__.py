"""Adapter and base become one model, and that model becomes the GGUF files that are asked and audited.

The door is `stage.py`. Inside: `merge_plan` decides from names, `merge` adds weights, `builds` makes GGUF files,
`readback` and `parity` check them, `ledger` remembers what was made of what, `disk` says beforehand what it takes.
"""
