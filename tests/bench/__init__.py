"""Speed and memory beside the floor, measured in one run: `make bench`."""
