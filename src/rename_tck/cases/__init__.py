"""What to try: names, ids, bodies, queries and credentials, each class with the mistake that it stands for.

What only one system has is in the module of its name. `fuzz` and `drawing` draw cases at random, `prefetch` has
that done by a process beside the run.

Imports from: client, openapi, systems.
"""
