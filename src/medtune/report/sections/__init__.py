"""One function a section: the loaded run in, JSON values out. Only these values reach the page."""
