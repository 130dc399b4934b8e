"""The floors: each the smallest program that does the work of one row of the table."""
