"""Models that agents can talk to, and the way from a name to one."""
