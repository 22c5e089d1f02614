"""What is normal: `history` keeps forgetting counts per leaf, `model` turns them into an expectation per leaf."""
