"""Serving a release: gateway and page. Nothing is built here yet."""
