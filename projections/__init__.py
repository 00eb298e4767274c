"""What follows from the log: views that can be thrown away, and the automation that acts on them."""
