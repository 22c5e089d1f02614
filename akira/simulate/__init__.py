"""A seeded carrier that makes records with labelled faults. It knows nothing of how faults are found."""
