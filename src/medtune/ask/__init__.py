"""Every build gets the same questions, through the server that users will have; the answers are kept as they are.

The door is `stage.py`. Inside: `cases` says what is asked, `setting` how, `asking` asks one build, `answers` keeps
what was answered so that a killed run goes on at the next missing case.
"""
