"""The pages: rendered here, one family, without scripts and without anything from elsewhere."""
