"""The terms that an objective is made of, one file each."""
