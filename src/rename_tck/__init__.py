"""rename-tck: judges a server's rename operation by the OpenAPI document that it claims to implement."""

__version__ = "0.1.0"
