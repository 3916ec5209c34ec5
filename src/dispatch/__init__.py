"""Emergency dispatch for many agencies: one press, every unit concerned, every step seen."""

__version__ = "0.1.0"
