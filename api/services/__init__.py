"""What the product does, whoever asks: each file one job, called by routes, commands and the demo alike.

A service reads the log for decisions (never a view), asks the views where to look, and says everything through the door.
"""
