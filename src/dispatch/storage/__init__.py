"""The only SQL. Statements in, rows out; no decisions."""
