"""What the user asked for: the options of a run, and the settings that their values make.

It knows neither pytest nor the command line: both bring their values here.

Imports from: the ground, client, openapi, requirements, systems.
"""
