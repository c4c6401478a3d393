"""What people read of a run: `conformance.json`, and the pages made from it by pure functions of that record.

`record` validates and writes; `html`, `markdown` and `terminal` render. The same record gives the same bytes, whatever
the clock, the time zone or the locale.
"""
