"""The demonstration: a simulated day at speed, its tickets against its faults."""
