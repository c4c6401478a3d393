"""The contract tests: each decides one or more requirements. In a wheel they are `rename_tck.conformance`.

Imports from: the ground, cases, checks, client, results, systems, target.
"""
