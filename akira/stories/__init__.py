"""Stories: a network, its calls, a fault and an expectation, in a few lines of text and virtual time."""
