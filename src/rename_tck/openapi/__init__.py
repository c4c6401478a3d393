"""What a document says of the rename operation: the contract of one edition, and the user's own document.

`drift` compares two documents of the operation.

Imports from: the ground, requirements.
"""
