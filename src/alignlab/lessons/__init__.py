"""The ten steps to alignment research: exercises run with this package, and checks that score them."""
