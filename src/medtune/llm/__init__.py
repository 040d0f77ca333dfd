"""Ask a model: one HTTP client for every endpoint, a manager for llama-server, and a scripted server for tests."""
