"""Stock `eventsourcing` following itself: its ProjectionRunner, a small view, tracking in the same transaction per event."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from ops.bench.stock import environment

SAVE_TOGETHER = 100
FOLLOW_S_MAX = 120.0


class Said(Aggregate):
    """A small thing that happened."""

    def __init__(self, text: str) -> None:
        self.text = text


class Sayings(PostgresTrackingRecorder):
    """One row an event, as the small view of our own runner."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        made = SQL("CREATE TABLE IF NOT EXISTS {}.sayings (idx BIGINT PRIMARY KEY, type TEXT)")
        self.sql_create_statements.append(made.format(Identifier(self.datastore.schema)))

    def keep(self, kind: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO sayings VALUES (%s, %s)", (tracking.notification_id, kind), prepare=True)


class SayingsProjection(Projection[Sayings]):
    name = "sayings"

    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        self.view.keep(type(domain_event).__name__, tracking)


def stock_catch_up_seconds(url: str, events: int) -> float:
    """Seconds an event for the stock runner to follow that many, in a PostgreSQL: it has no subscriptions on SQLite."""
    env = environment(url)
    log = Application[UUID](env)
    for start in range(0, events, SAVE_TOGETHER):
        log.save(*[Said(f"number {number}") for number in range(start, start + SAVE_TOGETHER)])
    log.close()
    begin = time.perf_counter()
    with ProjectionRunner(
        application_class=Application, projection_class=SayingsProjection, view_class=Sayings, env=env
    ) as runner:
        runner.wait(events, FOLLOW_S_MAX)
        return (time.perf_counter() - begin) / events
