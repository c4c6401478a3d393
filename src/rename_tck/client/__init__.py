"""What is said on the wire: a request, its answer and the curl of it; and the one way out to the target.

Everything that is sent goes through `transport.TargetClient`, which the request policy and the limits guard.

Imports from: the ground.
"""
