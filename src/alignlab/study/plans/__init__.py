"""What a study plans before its first run: its power, its cost, and the plan kept as it was."""
