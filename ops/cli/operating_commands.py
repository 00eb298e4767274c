"""serve, worker, expire and fsck: keeping a home running, and knowing that it is whole."""

from __future__ import annotations

import gc
import ipaddress
import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.listening import LOGGING, SHUTDOWN_SECONDS, address_of, listening, on_signal
from ops.cli.printing import facts, shown, styled, table

if TYPE_CHECKING:
    from ops.auditing.report import AuditReport

PORT = 8400
INTERVAL_SECONDS = 10.0  # ops.worker.INTERVAL_SECONDS, which is only imported when a worker runs
UNTRUSTED = 5
SWITCH_SECONDS = 0.0005  # how long a thread may keep the interpreter when another waits for it


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Beyond loopback, callers need tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="0 takes a free one.")] = PORT,
    sign_in: Annotated[
        bool,
        typer.Option(
            "--sign-in", help="Nobody is the operator on sight, on this machine too: behind a proxy; for passkeys."
        ),
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Serve the API and the web page; views follow the log and expiries are recorded meanwhile."""
    import uvicorn

    from api.app import create_app
    from api.services.completeness import name_root
    from ops.home import Home
    from ops.publishing import HomePublisher, PublishingWorker
    from ops.stamper import stamping
    from ops.worker import (
        ComparingWorker,
        DriftWorker,
        ExpiryWorker,
        LikenessWorker,
        NoticeWorker,
        ReexaminationWorker,
        ReverifyWorker,
        SweepWorker,
    )

    run = invocation_of(ctx)
    with run.services() as services, listening(host, port) as listener:
        bound, bound_port = listener.getsockname()[:2]
        loopback, address = ipaddress.ip_address(bound).is_loopback, address_of(host, bound_port)
        local = loopback and not sign_in
        app = create_app(services, local_operator=run.settings.operator if local else None)
        config = uvicorn.Config(app, log_config=LOGGING, access_log=False, timeout_graceful_shutdown=SHUTDOWN_SECONDS)
        server, expiry = uvicorn.Server(config), ExpiryWorker(services)
        notices, sweeping = NoticeWorker(services, Home(run.home), run.settings), SweepWorker(services)
        likeness = LikenessWorker(services, run.settings)
        comparing = ComparingWorker(services)
        lab, again = DriftWorker(services, run.settings), ReverifyWorker(services)
        newer = ReexaminationWorker(services, run.settings)
        home_publisher = HomePublisher(
            Home(run.home),
            run.settings,
            services.ledger.store,
            before=lambda: name_root(services.ledger, services.index),
        )
        home_publisher.check()  # a log that lost what it published must not go on
        publishing = PublishingWorker(home_publisher, services.ledger.store)
        # uvicorn handles signals while it runs, and raises them again afterwards, when the home still has to be closed
        with on_signal(lambda: setattr(server, "should_exit", True)):
            expiry.start()
            notices.start()
            sweeping.start()
            comparing.start()
            likeness.start()
            lab.start()
            again.start()
            newer.start()
            publishing.start()
            _settle_in()
            try:
                with stamping(Home(run.home), run.settings, services.ledger):
                    _tell_where(run, address, loopback=loopback, local=local)
                    server.run(sockets=[listener])
            finally:
                publishing.stop()
                newer.stop()
                again.stop()
                lab.stop()
                likeness.stop()
                sweeping.stop()
                comparing.stop()
                notices.stop()
                expiry.stop()
    return 0


def _settle_in() -> None:
    """What was imported stays for good: the collector need not walk it again. And threads take turns more often than
    every 5 ms, or a caller whose signature was just checked waits that long to go on.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)


def _tell_where(run: Invocation, address: str, *, loopback: bool, local: bool) -> None:
    if not loopback:
        run.note("Not a loopback address: put TLS in front of it; nobody acts without a token.")
    found = {"address": address, "home": shown(run.home), "local_operator": local}
    run.answer(found, facts([("serving", address), ("home", found["home"]), ("stop", "Ctrl-C")]))
    run.stdout.file.flush()


def worker(
    ctx: typer.Context,
    interval: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Between rounds.")] = INTERVAL_SECONDS,
    once: Annotated[bool, typer.Option("--once", help="One round, then stop.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record ends and what follows, and send notices, until SIGTERM or Ctrl-C. Several may run; each thing is done once."""
    from ops.home import Home
    from ops.stamper import stamping
    from ops.worker import (
        ComparingWorker,
        DriftWorker,
        ExpiryWorker,
        LikenessWorker,
        NoticeWorker,
        ReexaminationWorker,
        ReverifyWorker,
        SweepWorker,
    )

    run = invocation_of(ctx)
    stopping = threading.Event()
    with run.services() as services, on_signal(stopping.set):
        expiry, notices, sweeping, likeness = (
            ExpiryWorker(services, interval),
            NoticeWorker(services, Home(run.home), run.settings, interval),
            SweepWorker(services, interval),
            LikenessWorker(services, run.settings, interval),
        )
        comparing = ComparingWorker(services, interval)
        lab, again = DriftWorker(services, run.settings), ReverifyWorker(services)
        newer = ReexaminationWorker(services, run.settings)
        if once:
            found = {"rounds": 1, **expiry.run_once().as_json(), "notices": notices.run_once().as_json()}
            found["swept"] = [one.as_json() for one in sweeping.run_once()]
            found["compared"] = comparing.run_once().as_json()
            found["likeness"] = likeness.run_once().as_json()
            found["reverified"] = [one.as_json() for one in again.run_once()]
            found["reexamined"] = [one.as_json() for one in newer.run_once()]
            measured = lab.run_once()
            found["drift"] = measured.body.month if measured else None
        else:
            run.note(f"a round every {interval:g} s; SIGTERM or Ctrl-C ends it")
            size = services.ledger.store.size()
            with stamping(Home(run.home), run.settings, services.ledger):
                expiry.start()
                notices.start()
                sweeping.start()
                comparing.start()
                likeness.start()
                lab.start()
                again.start()
                newer.start()
                stopping.wait()
                newer.stop()
                again.stop()
                lab.stop()
                likeness.stop()
                sweeping.stop()
                comparing.stop()
                notices.stop()
                expiry.stop()
            found = {"rounds": expiry.rounds, "log_size_before": size, "log_size": services.ledger.store.size()}
    run.answer(found, lambda: _expired(found))
    return 0


def expire(
    ctx: typer.Context,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="Only with --dry-run: due by then.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due; record nothing.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Record, once, what time has ended: expired consents, revoked clearances, flagged files."""
    from ledger.errors import Misuse
    from ops.cli.inputs import instant
    from ops.worker import ExpiryWorker

    run = invocation_of(ctx)
    when = instant(at, "--at")
    if when is not None and not dry_run:
        raise Misuse("usage", "what is recorded is recorded now; --at goes with --dry-run only", "Add --dry-run.")
    with run.services() as services:
        services.views.catch_up()
        if dry_run:
            return _due(run, services.views.due.due(when or services.clock.now()))
        found = ExpiryWorker(services).run_once().as_json()
    run.answer(found, lambda: _expired(found))
    return 0


def _due(run: Invocation, due: list[Any]) -> int:
    from schemas.base import format_instant

    found = [{**one.__dict__, "valid_until": format_instant(one.valid_until)} for one in due]
    rows = [(one["consent"], one["person"], one["valid_until"], one["entry_index"]) for one in found]
    run.answer({"due": found}, table("consent", "person", "ended at", "entry", rows=rows) if rows else "nothing is due")
    return 0


def _expired(found: dict[str, Any]) -> RenderableType:
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if not isinstance(value, list)]
    rows = [(one["entry_index"], one["type"], one["about"]) for one in found.get("entries", [])]
    return Group(facts(pairs), table("entry", "type", "about", rows=rows)) if rows else facts(pairs)


def fsck(
    ctx: typer.Context,
    skip_blobs: Annotated[bool, typer.Option("--skip-blobs", help="Don't read the blobs' bytes.")] = False,
    skip_views: Annotated[bool, typer.Option("--skip-views", help="Don't rebuild the views.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Audit the home from its raw rows: tree, signatures, tags, checkpoint, blobs, vault, views. Changes nothing."""
    from ops.fsck import audit_home

    run = invocation_of(ctx)
    report = audit_home(run.home, run.settings, skip_blobs=skip_blobs, skip_views=skip_views, progress=run.note)
    run.answer(report.as_json(), lambda: _findings(report))
    return 0 if report.clean else UNTRUSTED


def _findings(report: AuditReport) -> RenderableType:
    styles = {"ok": "green", "failed": "bold red", "not_checked": "yellow"}
    rows = [(styled(one.state, styles[one.state]), one.name, one.checked, one.title) for one in report.checks]
    parts: list[RenderableType] = [table("", "check", "items", "", rows=rows)]
    findings = [(one.code, one.item, one.detail) for check in report.checks for one in check.findings]
    if findings:
        parts += ["", table("finding", "where", "what", rows=findings)]
    parts += [styled(f"{check.name}: {note}", "dim") for check in report.checks for note in check.notes]
    verdict = ("CLEAN", "bold green") if report.clean else ("NOT CLEAN", "bold red")
    return Group(*parts, "", styled(f"{verdict[0]}; entries: {report.log_size}", verdict[1]))
