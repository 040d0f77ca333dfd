"""Fine-tuning: 02-prepare's rows and a base model in, an adapter (or all weights) with its whole training curve out.

The planner (`planner/`) chooses how a training fits the card; an engine (`engines/`) does it: `fast` for NVIDIA cards,
`trl` everywhere, `unsloth` if it is installed. Shared by all of them: the loss mask (from `medtune.chat`), the rows of
each step, checkpoints that a killed run resumes from exactly, and the curve. The door is `stage.py`.
"""
