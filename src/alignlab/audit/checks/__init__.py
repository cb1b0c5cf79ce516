"""The checks of the audit, one file each."""
