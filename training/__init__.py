"""Trains the small model of the demo and the tests: `python -m training`, see docs/small-model.md."""
