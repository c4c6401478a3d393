"""Failing cases kept in files, and tried again one by one.

Imports from: the ground, cases, checks, client, requirements, results, settings.
"""
