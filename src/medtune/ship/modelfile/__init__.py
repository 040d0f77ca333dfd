"""Ollama Modelfiles, also those of others: read them, render their templates, and say what is wrong with them."""
