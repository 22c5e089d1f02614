"""Tools that hear of tickets: one file each, named in `kinds`. `port` says what a tool must be able to do."""
