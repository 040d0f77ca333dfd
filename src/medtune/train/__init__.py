"""LoRA fine-tuning: 02-prepare's rows and a base model in, an adapter with its whole training curve out.

Stands on PEFT and TRL's SFTTrainer. Its own parts are the loss mask (from `medtune.chat`), batches of like length, the
loss on trained tokens only, checkpoints that a killed run resumes from exactly, and the curve. The door is `stage.py`.
"""
