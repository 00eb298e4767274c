"""Telling holders: signed webhooks, sent within bounds to addresses that may be reached, each step recorded once."""
