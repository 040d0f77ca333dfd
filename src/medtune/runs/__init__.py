"""The run directory: the only corridor between stages."""
