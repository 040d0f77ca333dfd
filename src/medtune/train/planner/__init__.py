"""The planner: which method, micro-batch and checkpointing fit a card, and which of them is the fastest. Pure."""
