"""The benchmark: Mien and its floor, measured in turns, in one run.

A floor is the smallest program on the same engine that does the same durable
work without HTTP or validation. `python -m bench` prints the table and writes it
as JSON; `python -m bench --full` does it with a million profiles and ten million
events stored.
"""
