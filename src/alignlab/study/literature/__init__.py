"""What others found: imported, each work once; screened by two; laid out by theme, with gaps."""
