"""Where the log lies: one contract, one adapter a database."""
