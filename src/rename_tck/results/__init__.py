"""What was found: findings of tests, one verdict a requirement, one a system, and the record of them all.

Known failures and the history of earlier runs are held against a record.

Imports from: the ground, client, requirements, systems.
"""
