"""The archive: what was said, appended and chained; and the tables that follow from it."""
