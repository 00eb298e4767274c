"""Who asks: services, routes and pages over the ledger."""
