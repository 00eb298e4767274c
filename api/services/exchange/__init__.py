"""Consents in other houses' formats: ISO/IEC TS 27560 as DPV JSON-LD, AdCP rights constraints, ODRL agreements.

What goes out is made from the log; what comes in is only ever a *request*: nobody's yes is imported, the person says it here.
No format holds a name: people are pseudonyms, as in the log.
"""
