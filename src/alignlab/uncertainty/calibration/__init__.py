"""Do probabilities mean what they say? Measured on rows kept apart, and mended without a refit."""
