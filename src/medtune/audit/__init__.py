"""Answers to grades to verdicts: checks, paired comparison with the F16 parent, the gate. Asks nothing, so it can be
run again on the same answers.
"""
