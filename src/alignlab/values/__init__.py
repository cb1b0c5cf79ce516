"""What people want, as rewards and utilities."""
