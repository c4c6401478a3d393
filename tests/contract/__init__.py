"""The contract tests: each decides one or more requirements. In a wheel they are `rename_tck.conformance`."""
