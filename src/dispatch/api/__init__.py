"""HTTP in and out: parses, knows who is calling, calls one function, shapes the answer. No decisions."""
