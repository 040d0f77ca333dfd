"""Give a release to Ollama through its HTTP API, and prove that what it serves is what was audited."""
