"""Own kernels, each kept because it measured faster than what it replaces (benchmarks/train_cpu.py)."""
