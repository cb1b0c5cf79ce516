"""Certificates: rows of which it is proved that nothing within a threat changes the decision."""
