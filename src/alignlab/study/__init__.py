"""From a research question to runs, statistics and a paper."""
