"""The commands, one file each."""

from alignlab.cli.app import main

__all__ = ["main"]
