"""Fixtures of the suite's own tests."""
