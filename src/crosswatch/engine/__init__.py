"""The decision: a pure function from what was agreed and what both sides say to what shall be written.

No await, no clock, no database, no provider's name. Its rules are those of the page on keeping lists in step.
"""
