"""Acting on a release: verify it, sign it, lint its Modelfile, give it to Ollama, publish it, carry it over an air gap.

Reads run directories and release folders; writes into neither, except a signature beside a release.
"""
