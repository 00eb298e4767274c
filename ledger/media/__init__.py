"""What a file says of itself, read in a fenced process; no rule in here."""
