"""Detectors: text in, a class or figures with the deciding words out. Each file works alone."""
