"""A record as people and tools read it: HTML, Markdown, CTRF, badge, terminal; two records compared, and several.

Imports from: the ground, results.
"""
