"""A small witness that a partner can run: it remembers the largest tree it saw of each log and cosigns what extends it."""
