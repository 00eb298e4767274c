"""The command `countersign`. Heavy modules are imported inside the commands, so that `--help` and `check` start fast."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from ledger.errors import LedgerError, Misuse, of_the_machine
from ops.cli import (
    actor_commands,
    agent_commands,
    archive_commands,
    checklist_commands,
    completeness_commands,
    consent_commands,
    criteria_commands,
    dispute_commands,
    drift_commands,
    ending_commands,
    evidence_commands,
    examination_commands,
    exchange_commands,
    home_commands,
    licence_commands,
    likeness_commands,
    log_commands,
    match_commands,
    media_commands,
    operating_commands,
    opinion_commands,
    pass_commands,
    passkey_commands,
    privacy_commands,
    privilege_commands,
    receipt_commands,
    rights_commands,
    rule_commands,
    search_commands,
    trust_commands,
    turning_commands,
    verdict_commands,
    witness_commands,
)
from ops.cli.failures import EXIT_CODES, tell, tell_unexpected, tell_usage
from ops.cli.invocation import HomeOption, Invocation, JsonOption

PROGRAM: Final = "countersign"
INTERRUPTED: Final = 130
_BEGIN, _ASK, _PROVE, _SAY, _RUN = "Begin", "Ask", "Prove", "Say", "Run"
_EPILOG = "\n\n".join(["Exit codes", *(f"  {code}  {meaning}" for code, meaning in sorted(EXIT_CODES.items()))])

app = typer.Typer(
    name=PROGRAM,
    help="May this clip be used, for this, here, now — and can you prove it?",
    epilog=_EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit(0)


@app.callback()
def everywhere(
    home: HomeOption = None,
    json: JsonOption = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """Options that every command takes, before or after its name."""


_COMMANDS: Final[tuple[tuple[str, str, Callable[..., int]], ...]] = (
    (_BEGIN, "init", home_commands.init),
    (_BEGIN, "demo", home_commands.demo),
    (_ASK, "import", media_commands.import_),
    (_ASK, "search", search_commands.search),
    (_ASK, "verify", verdict_commands.verify),
    (_ASK, "opinion", opinion_commands.opinion),
    (_PROVE, "audit", evidence_commands.audit),
    (_PROVE, "check", evidence_commands.check),
    (_PROVE, "pass", pass_commands.pass_),
    (_PROVE, "deliver", pass_commands.deliver),
    (_PROVE, "check-pass", pass_commands.check_pass),
    (_SAY, "say", actor_commands.say),
    (_SAY, "approve", verdict_commands.approve),
    (_SAY, "clear", verdict_commands.clear),
    (_SAY, "sign", media_commands.sign),
    (_SAY, "generate", archive_commands.generate),
    (_SAY, "erase", privacy_commands.erase),
    (_SAY, "disclose", privacy_commands.disclose),
    (_RUN, "calendar", ending_commands.calendar),
    (_RUN, "serve", operating_commands.serve),
    (_RUN, "worker", operating_commands.worker),
    (_RUN, "expire", operating_commands.expire),
    (_RUN, "fsck", operating_commands.fsck),
    (_RUN, "reexamine", examination_commands.reexamine),
    (_RUN, "token", actor_commands.token),
    (_RUN, "witness", witness_commands.witness),
    (_RUN, "mcp", agent_commands.mcp),
)
for _panel, _name, _function in _COMMANDS:
    app.command(_name, rich_help_panel=_panel)(_function)
log_commands.log.command("index")(completeness_commands.index)
log_commands.log.command("complete")(completeness_commands.complete)
consent_commands.consents.command("report")(ending_commands.report)
consent_commands.consents.command("export")(exchange_commands.export)
consent_commands.consents.command("import")(exchange_commands.take_in)
log_commands.log.command("receipt")(receipt_commands.receipt)
log_commands.log.command("stamp")(receipt_commands.stamp)
log_commands.log.command("rotate-keys")(turning_commands.rotate_keys)
log_commands.log.command("key-history")(turning_commands.key_history)
for _name, _command in passkey_commands.COMMANDS:
    actor_commands.actors.command(_name)(_command)
actor_commands.actors.command("rotate")(turning_commands.rotate)
actor_commands.actors.command("revoke")(turning_commands.revoke)
app.add_typer(actor_commands.actors, name="actor", rich_help_panel=_SAY)
app.add_typer(consent_commands.consents, name="consent", rich_help_panel=_SAY)
app.add_typer(rule_commands.rules, name="rules", rich_help_panel=_ASK)
app.add_typer(drift_commands.drift, name="drift", rich_help_panel=_RUN)
app.add_typer(trust_commands.trust, name="trust", rich_help_panel=_RUN)
app.add_typer(criteria_commands.criteria, name="criteria", rich_help_panel=_RUN)
app.add_typer(checklist_commands.checklists, name="checklist", rich_help_panel=_SAY)
app.add_typer(ending_commands.holders, name="holder", rich_help_panel=_SAY)
app.add_typer(likeness_commands.likeness, name="likeness", rich_help_panel=_ASK)
app.add_typer(ending_commands.notices, name="notice", rich_help_panel=_SAY)
app.add_typer(licence_commands.licences, name="licence", rich_help_panel=_ASK)
app.add_typer(log_commands.log, name="log", rich_help_panel=_PROVE)
app.add_typer(dispute_commands.disputes, name="dispute", rich_help_panel=_SAY)
app.add_typer(privilege_commands.privilege, name="privilege", rich_help_panel=_SAY)
app.add_typer(privacy_commands.holds, name="hold", rich_help_panel=_SAY)
app.add_typer(match_commands.references, name="reference", rich_help_panel=_ASK)
app.add_typer(match_commands.matches, name="matches", rich_help_panel=_ASK)
app.add_typer(rights_commands.rights, name="rights", rich_help_panel=_ASK)
app.add_typer(privacy_commands.vault, name="vault", rich_help_panel=_RUN)


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code. Never raises; prints what it has to say."""
    arguments = list(arguments) or ["--help"]
    given = arguments[: arguments.index("--")] if "--" in arguments else arguments
    invocation = Invocation(json="--json" in given)  # known before parsing, so that usage errors are JSON too
    try:
        result = _tree().main(args=arguments, prog_name=PROGRAM, standalone_mode=False, obj=invocation)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        _abandon_stdout()  # whoever read us has stopped, as `| head` does
        return 0
    except LedgerError as error:
        return tell(invocation, error)
    except typer.TyperException as error:
        return tell_usage(invocation, error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        return _other(invocation, error)


@cache
def _tree() -> Any:
    """All commands, as Typer makes them of the functions: a tenth of a second."""
    return get_command(app)


def _other(invocation: Invocation, error: Exception) -> int:
    """A value that a shape refuses is the caller's; the rest is ours."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors(include_input=False)[0]
        where = "/".join(map(str, first["loc"])) or error.title
        return tell(invocation, Misuse("value_invalid", f"{where}: {first['msg']}", "Correct it and try again."))
    if isinstance(error, OSError) and (trouble := of_the_machine(error)) is not None:
        return tell(invocation, trouble)
    return tell_unexpected(invocation, error)


def _abandon_stdout() -> None:
    """So that the interpreter's last flush does not complain."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> None:
    """The entry point of the `countersign` command."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
