"""The room requirements."""
