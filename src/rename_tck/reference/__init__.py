"""Embedded servers: one small, correct implementation of each system's rename operation.

They are judged when no base URL is given, and the suite's own tests derive faulty servers from them. They know nothing
of the suite.

Imports from: nothing.
"""
