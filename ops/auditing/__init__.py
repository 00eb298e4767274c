"""The independent audit of a home: its own SQL over raw rows, its own tree, its own fold of who held which key.

Nothing in here goes through the door, the store or the views' queries, because those are what it audits.
"""
