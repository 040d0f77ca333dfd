"""Acting on a release: Ollama, publish, bundle, verify. Nothing is built here yet."""
