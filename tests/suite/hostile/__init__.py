"""Servers that mean harm, or are broken beyond HTTP: the suite has to come through unharmed, and say what it met."""
