"""A pack that a home makes after a partner cosigned its log and an authority stamped it, checked as a stranger would."""

from __future__ import annotations

import shutil
from pathlib import Path

from ledger.log.published import CHECKPOINT, PublishedFolder
from ledger.log.stamps import KeptStamp, StampFolder
from tests.cli_of import Command, spawn
from tests.e2e.test_cli_publishing import witnessing
from tests.tsa_of import needed_tools, serving_authority


def test_cosignatures_and_stamps_travel_with_the_evidence(cli: Command, tmp_path: Path) -> None:
    needed_tools()
    vkeys = cli.json("log", "vkeys")["log_vkeys"]
    cli.json("witness", "--state", tmp_path / "w", "--name", "partner.example/w")
    policy, mine = cli.home / "trust" / "witnesses.policy", tmp_path / "mine.policy"
    with witnessing(tmp_path / "w", vkeys) as (told, process):
        policy.write_text(f"witness partner {told['vkey']} {told['address']}\nquorum partner\n")
        size = cli.json("log", "publish")["size"]
        process.terminate()
        process.communicate(timeout=30)
    shutil.copy(policy, mine)
    note = PublishedFolder(cli.home / "public").read(CHECKPOINT)
    assert note is not None
    (tmp_path / "tsa").mkdir()
    with serving_authority(tmp_path / "tsa") as authority:
        StampFolder(cli.home / "stamps").add(KeptStamp(size, note, authority.token_over(note)))
    pack, anchors = tmp_path / "evidence.zip", tmp_path / "tsa" / "root.pem"
    made = cli.json("audit", cli.json("log", "show", "1")["statement"]["body"]["asset"], "--out", pack)
    assert (made["witnessed_to"], made["stamped_to"], made["state"]) == (size, size, "verified")

    away = tmp_path / "away"
    away.mkdir()
    own = spawn("check", pack, "--json", cwd=away).document
    assert own["witnessed"]["policy"] == "the pack's own" and own["stamps"][0]["signature"] == "not_checked"
    full = spawn("check", pack, "--policy", mine, "--tsa-anchors", anchors, "--json", cwd=away).document
    assert full["witnessed"]["policy"] == "given" and full["stamps"][0]["signature"] == "verified"
    assert full["state"] == "consistent" and {one["outcome"] for one in full["steps"]} == {"pass"}
    words = spawn("check", pack, cwd=away).out
    assert f"first {size} entries, by partner" in words and "its authority not checked" in words

    mine.write_text(f"witness other {vkeys[1]}\nquorum other\n")
    asked = spawn("check", pack, "--policy", mine, "--json", cwd=away)
    assert asked.code == 5 and asked.document["headline"].startswith("witnessed/checkpoint: ")
    for option in ("--policy", "--tsa-anchors"):
        assert spawn("check", pack, option, tmp_path / "nothing", cwd=away).code == 2
