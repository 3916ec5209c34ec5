"""The rules of dispatching, pure: no input or output, no clock, no randomness; everything needed is an argument."""
