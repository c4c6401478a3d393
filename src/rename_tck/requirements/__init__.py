"""What must hold: the catalogue of requirements, each with its level, its sentence and its citations.

It reads `specs/<system>/requirements.yaml`, and finds the lines that the citations are of.

Imports from: the ground.
"""
