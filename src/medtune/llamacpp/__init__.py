"""The one pinned llama.cpp: find it or build it, and its tools as typed calls."""
