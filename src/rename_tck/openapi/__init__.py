"""The room openapi."""
