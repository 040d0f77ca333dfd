"""Foundations that know nothing of models or medicine."""
