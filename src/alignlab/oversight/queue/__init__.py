"""The queue: who is asked what next, under which arm, and for how long it is theirs."""
