"""The rules, one file a topic. `accept(proposal, history, at)` returns, or raises Refused with every reason."""
