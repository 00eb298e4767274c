"""What can be said: shapes only, no behaviour, no I/O."""
