"""Traffic against its own level: who has stopped calling, and which terminator is no longer tried."""
