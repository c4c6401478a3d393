"""One system under test in one run: found out, connected to, given sessions, read back, put back.

Imports from: the ground, cases, client, openapi, reference, requirements, settings, systems.
"""
