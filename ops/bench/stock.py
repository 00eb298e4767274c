"""Stock `eventsourcing`, set up as its documentation says, durable."""

from __future__ import annotations


def environment(store: str) -> dict[str, str]:
    """Its settings for a PostgreSQL URL or an SQLite path."""
    if not store.startswith("postgresql://"):
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": store}
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(store)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "none")),
    }
