"""What the service does: one file, one verb, one transaction. No operation calls another."""
