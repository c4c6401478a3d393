"""What a contract test works with: its context, drawn cases, series of renames, the target's clock.

A test concludes by returning (it passes) or by raising one of the conclusions.

Imports from: the ground, cases, client, openapi, requirements, results, systems, target.
"""
