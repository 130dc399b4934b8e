"""The query language of the original, read into segment trees: who is meant, by which events.

`query.parse_query` reads a whole query. Source: G-11; `docs/cql.md` has it for people.
"""
