"""The runs of a study: each made once, by itself, and kept as soon as it ends."""
