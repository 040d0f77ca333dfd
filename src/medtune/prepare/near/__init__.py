"""Texts that share most of their words in order: shingles, MinHash signatures, banding, verified pairs, clusters."""
