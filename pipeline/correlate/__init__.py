"""From findings to incidents: which belong together, which one leads, who is hit, how bad it is."""
