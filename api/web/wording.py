"""The pages' words: what each verdict, state and way of being recognised means to somebody who is no engineer."""

from __future__ import annotations

from typing import Final

VERDICTS: Final = {
    "allow": "These very bytes are cleared for this use, through this channel, in this territory, at this time.",
    "deny": "This file may not be used for this. The reasons are below.",
    "review": "Not allowed as it stands: a person has to look before this file is used.",
    "unknown": "This ledger does not know this file. That is not permission.",
}
IDENTIFIED: Final = {
    "digest": "By its digest: these are exactly the bytes that are in the ledger.",
    "manifest": "By its C2PA manifest: other bytes, which carry the manifest of a known file.",
    "ledger_assertion": "By its C2PA manifest, which names an entry of this log; the bytes are others.",
    "soft_binding": "By its C2PA manifest's soft binding, which is that of a known file's; the bytes are others.",
    "fingerprint": "By its picture: other bytes that show what a known file shows. Its manifest, if it had one, is gone.",
    "sound": "By its sound: other bytes that hold some seconds of what a known file sounds like.",
    "face": "Only by a face: it shows somebody who enrolled. Of the file itself nothing is known here.",
    "none": "Not at all: neither its bytes, nor its manifest, nor its picture, nor its sound is known here.",
}
C2PA: Final = {
    "trusted": "The manifest fits the file, and its signer is on this ledger's trust list.",
    "untrusted": "The manifest fits the file, but its signer is on no list that this ledger trusts.",
    "expired": "The manifest fits the file, but the signer's certificate had run out and no trusted time proves it older.",
    "tampered": "The manifest does not fit the file: something was changed after signing.",
    "absent": "The file carries no manifest. Most files don't; platforms often strip it.",
    "unsupported": "The file carries something that this version cannot read.",
    "remote_only": "The file points to a manifest elsewhere; nothing was fetched.",
    "not_checked": "Nobody looked for a manifest.",
}
CONSENT: Final = {
    "requested": "It was asked for and not answered: nothing may happen.",
    "refused": "The person said no.",
    "not_yet": "The person agreed for a later time.",
    "given": "The person agreed, and it holds at this time, for what is listed below.",
    "renewed": "The person agreed again, and it holds at this time, for what is listed below.",
    "suspended": "Nothing new happens under it until it is looked into.",
    "expired": "Its time is over. What was used while it ran had its ground.",
    "withdrawn": "The person took it back. What was used before had its ground; nothing may go on.",
    "revoked": "Somebody else ended it. What was used before had its ground; nothing may go on.",
    "invalidated": "It never was a consent: what was used under it had no ground.",
}
LICENCE: Final = {
    "not_yet": "It was granted for a later time.",
    "in_force": "It lets the licensee use the right at this time, within its terms and those of its contract.",
    "expired": "Its time is over: nothing new may be made, cleared or placed under it.",
    "ended": "Somebody ended it: nothing new may be made, cleared or placed under it.",
    "terminated": "Its contract was terminated: nothing new may be made, cleared or placed under it.",
}
EFFECTS: Final = {
    "none": "nothing was used",
    "stands": "had its ground and keeps it",
    "void": "never had a ground",
    "blocked": "nothing may be out there",
    "allowed": "may stay",
    "pause": "may stay, and is not newly shown",
    "wind_down": "is wound down within 14 days of the end",
    "stop": "has to be taken down",
}
TONES: Final = {
    **dict.fromkeys(("allow", "pass", "in_force", "given", "renewed", "issued", "trusted", "approved"), "allow"),
    **dict.fromkeys(("survived", "detected", "not_flagged"), "allow"),
    **dict.fromkeys(
        (
            "deny",
            "fail",
            "failed",
            "ended",
            "terminated",
            "expired",
            "withdrawn",
            "revoked",
            "invalidated",
            "refused",
            "rejected",
            "tampered",
            "lost",
            "invalid",
            "flagged",
        ),
        "deny",
    ),
    **dict.fromkeys(
        (
            "review",
            "not_checked",
            "not_yet",
            "unclear",
            "requested",
            "suspended",
            "untrusted",
            "remote_only",
            "unsupported",
        ),
        "review",
    ),
    "running": "review",
    "open": "review",
    "settled": "review",
    "met": "allow",
    "missed": "deny",
    "upheld": "deny",
}
"""Which of the page's four tones goes with a word; the rest are neutral. The word itself is always there too."""
HEADINGS: Final = {
    400: "That did not work",
    401: "Please sign in",
    403: "Not permitted",
    404: "Not found",
    405: "Not for this address",
    409: "Refused",
    413: "Too large",
    422: "The evidence fails",
    500: "Our mistake",
    503: "Not now",
}


def tone(word: str) -> str:
    return TONES.get(word, "unknown")


def words(name: str) -> str:
    """`not_checked` as people write it."""
    return name.replace("_", " ").replace("-", " ")
