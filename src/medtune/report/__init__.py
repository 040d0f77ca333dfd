"""Report: one self-contained HTML page and its JSON, read from the run's files only. Open the room through `stage`."""
