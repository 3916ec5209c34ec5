"""The demo: a city to try the product in, and what starts it with its own database."""
