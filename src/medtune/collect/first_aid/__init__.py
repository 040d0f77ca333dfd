"""First aid as numbered steps: made-up questions and answers that have the form of the task `emergency`."""

from medtune.collect.first_aid.generate import FILE, FirstAid, generate, load_situations

__all__ = ["FILE", "FirstAid", "generate", "load_situations"]
