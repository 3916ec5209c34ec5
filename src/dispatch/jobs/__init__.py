"""Loops with a name, a deadline and a stop."""
