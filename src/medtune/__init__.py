"""medtune: one recipe in, an audited medical language model out."""

__version__ = "0.1.0"
