"""Documents that people write: text in, plain data out, and back. Nothing here knows what the data mean."""
