"""The fast engine's parts: LoRA on a frozen base, rows of a pass one after another without padding.

`schedule` (which rows in which pass) and `passes` (their tensors), `attention` (each row attends to itself alone),
`frozen` (bf16, FP8 and NF4 weights and their products), `lora` (the layer), `build` (the layers put on a model),
`adapter` (PEFT's file format), `noise` (NEFTune), `loss` (trained tokens only), `layers` (compiling, recomputing),
`fidelity` (is FP8 right for these rows), `trainer` (the loop). The door is `engines/fast.py`.
"""
