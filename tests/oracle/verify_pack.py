"""A second verifier of evidence packs, from schemas/SPEC.md alone: python verify_pack.py PACK.zip [VKEYS-FILE]

Standard library and `cryptography` only, no code of the project. Stops at the first thing that is wrong and names it.
"""

import base64
import hashlib
import hmac
import json
import re
import stat
import sys
import zipfile
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

STATEMENT, PACK = (f"application/vnd.countersign.{kind}+json" for kind in ("statement", "pack"))
FIXED = {"keys/actors.json", "keys/log.vkeys", "report.html", "verify.py"}  # S8.1
SERIES = re.compile(
    r"blobs/[0-9a-f]{64}|index/[0-9a-f]{64}\.json|entries/(0|[1-9][0-9]*)\.json|proofs/(0|[1-9][0-9]*)\.tlog-proof"
    r"|witnessed/(checkpoint|policy|consistency)|stamps/[1-9][0-9]*/(checkpoint|token\.tsr|consistency)"
    r"|facts\.json|certificate\.txt|report\.pdf|known/consistency|disclosures/(0|[1-9][0-9]*)\.[a-z0-9_]{1,74}\.json"
    r"|frames/[0-9a-f]{64}\.jpg"
)
SCOPES = {"generation": set(), "actor": {"actor", "log"}, "key": {"actor", "log"}}  # S8.9
SCOPES |= {word: {word} for word in ("brief", "consent", "clearance", "licence")}
SCOPES |= {"person": {"person", "field", "hold", "subject"}, "notice": set(), "dispute": set()}
LISTED = {"format", "origin", "made_at", "rules", "size", "subject", "claims", "entries", "omitted", "gaps", "members"}
NAMING = {  # S8.5
    "asset.imported.v1": lambda body: [body["asset"]],
    "asset.examined.v1": lambda body: [body["examination_sha256"], body.get("manifest_sha256")],
    "asset.derived.v1": lambda body: [body["asset"], body.get("manifest_sha256")],
    "dispute.sighted.v1": lambda body: [body["captured_sha256"]],
    "dispute.sighted.v2": lambda body: [body["captured_sha256"]],
    "generation.requested.v1": lambda body: [one["sha256"] for one in body.get("references", [])],
}
DOCUMENTS = {
    f"consent.{word}.v2": lambda b: [(b.get(n) or {}).get("sha256") for n in ("notice", "document")]
    for word in ("requested", "granted")
}
DOCUMENTS |= {
    f"person.{word}": lambda b: [b.get("authority_sha256")] for word in ("registered.v2", "speaker-changed.v1")
}
DOCUMENTS |= {
    f"{word}.v1": lambda b: [b.get("document_sha256")]
    for word in ("right.recorded", "right.transferred", "licence.granted", "dispute.notified")
}
DOCUMENTS["trust.list-imported.v1"] = lambda b: [b.get("list_sha256")]
ROTATED, THEFT = "log.keys-rotated.v1", "suspected-theft"
P, ORDER8 = 2**255 - 19, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
LOW_ORDER = {0, 1, P - 1, P, P + 1, ORDER8, P - ORDER8}


class Bad(Exception):
    """(item, why)"""


@contextmanager
def about(item):
    """Whatever goes wrong inside is the fault of this item, unless it already has a name."""
    try:
        yield
    except Exception as error:
        raise error if isinstance(error, Bad) else Bad(item, f"{type(error).__name__} {error}") from None


def need(truth, why):
    if not truth:
        raise ValueError(why)


def jcs(v, depth=0):
    """S2.2"""
    need(depth <= 32 and not isinstance(v, float) and not (isinstance(v, int) and abs(v) >= 2**53), "no canonical form")
    if isinstance(v, dict):
        keys = sorted(v, key=lambda k: k.encode("utf-16-be"))
        return b"{" + b",".join(jcs(k) + b":" + jcs(v[k], depth + 1) for k in keys) + b"}"
    if isinstance(v, list):
        return b"[" + b",".join(jcs(x, depth + 1) for x in v) + b"]"
    return json.dumps(v, ensure_ascii=False).encode()


def document(raw):
    value = json.loads(raw.decode())
    need(jcs(value) == raw, "not canonical JSON")  # a duplicate member would be gone from it
    return value


def b64(text):
    need(base64.b64encode(base64.b64decode(text)).decode() == text, "base64 has another spelling")
    return base64.b64decode(text)


def moment(text):
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text, re.ASCII), "not an instant")
    return datetime.fromisoformat(text)


def digest(raw):
    return hashlib.sha256(raw).digest()


def ed_verify(raw, signature, message):
    need(int.from_bytes(raw, "little") % 2**255 not in LOW_ORDER, "weak Ed25519 key")
    ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)


def check_signature(spki, signature, message):
    """S3.2"""
    key = serialization.load_der_public_key(spki)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ed_verify(key.public_bytes_raw(), signature, message)
    if isinstance(key, mldsa.MLDSA44PublicKey):
        return key.verify(signature, message)
    need(key.curve.name == "secp256r1", "kind of key")
    return key.verify(signature, message, ec.ECDSA(hashes.SHA256()))


def named_once(pairs):
    need(len(dict(pairs)) == len(pairs), "a member is named twice")
    return dict(pairs)


def check_assertion(spki, rp_id, origins, signature, message):
    """S3.6"""
    three = document(signature)
    need(
        three.keys() == {"authenticator_data", "client_data_json", "signature"} and len(signature) <= 4096, "assertion"
    )
    told, client, signature = (b64(three[name]) for name in sorted(three))
    data = json.loads(client.decode(), object_pairs_hook=named_once)
    need(data["type"] == "webauthn.get" and data.get("crossOrigin", False) is False, "type, or another site's frame")
    need(data["challenge"] == base64.urlsafe_b64encode(digest(message)).decode().strip("="), "signs something else")
    need(data["origin"] in origins and "topOrigin" not in data and len(client) <= 2048, "origin")
    need(len(told) == 37 and told[:32] == digest(rp_id.encode()), "authenticatorData, or RP ID")
    need(told[32] in (0x05, 0x0D, 0x1D), "flags")
    key = serialization.load_der_public_key(spki)
    need(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == spki,
        "spelling",
    )
    if isinstance(key, rsa.RSAPublicKey):
        need(2048 <= key.key_size <= 4096 and key.public_numbers().e == 65537, "RSA key")
        return key.verify(signature, told + digest(client), padding.PKCS1v15(), hashes.SHA256())
    return check_signature(spki, signature, told + digest(client))


def opened(envelope, kind):
    """S3.3: (payload, {keyid: signature}, what is signed)"""
    need(envelope.keys() == {"payload", "payloadType", "signatures"} and envelope["payloadType"] == kind, "envelope")
    payload, signatures = b64(envelope["payload"]), {}
    for one in envelope["signatures"]:
        need(one.keys() == {"keyid", "sig"} and re.fullmatch("[0-9a-f]{64}", one["keyid"]), "signature")
        need(one["keyid"] not in signatures, "two signatures by one key")
        signatures[one["keyid"]] = b64(one["sig"])
    need(1 <= len(signatures) <= 8, "signatures")
    return payload, signatures, b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def root_over(index, size, leaf, siblings):
    """S7.1, S7.7, from the top: the last sibling is the other half of the whole tree."""
    need(bool(siblings) == (size > 1), "proof of another length")
    half = 1 << (size - 1).bit_length() - 1 if size > 1 else 0
    if index < half:
        return digest(b"\1" + root_over(index, half, leaf, siblings[:-1]) + siblings[-1])
    return (
        leaf if size == 1 else digest(b"\1" + siblings[-1] + root_over(index - half, size - half, leaf, siblings[:-1]))
    )


def note_keys(vkeys):
    """S7.5: {(name, key id): type and key}"""
    found = {}
    for name, keyid, encoded in (vkey.split("+", 2) for vkey in vkeys):
        found[name, digest(name.encode() + b"\n" + b64(encoded))[:4]] = b64(encoded)
        need((name, bytes.fromhex(keyid)) in found, "vkey")
    return found


def next_link(links, index, body):
    """S7.20: [(since, vkeys, reason)] with one more"""
    if index == 0:
        return [(0, body["log_vkeys"], "")]
    need((body["size"], body["origin"]) == (index, body["old_vkeys"][0].split("+")[0]), "rotation misplaced")
    need(body["old_vkeys"] == links[-1][1], "rotation does not follow the link before it")
    had = [vkey for _, vkeys, _ in links for vkey in vkeys]
    old, new, every = map(note_keys, (body["old_vkeys"], body["new_vkeys"], had))
    need([key[0] for key in new.values()] == [1, 6] and not set(new.values()) & set(every.values()), "new keys")
    need({name for name, _ in new} == {body["origin"]} and len(body["endorsements"]) == len(old), "new keys")
    lines = ["countersign/log-keys-rotated/v1", body["origin"], body["size"], body["root"], body["reason"]]
    lines += [f"old {one}" for one in body["old_vkeys"]] + [f"new {one}" for one in body["new_vkeys"]]
    message = "".join(f"{line}\n" for line in lines).encode()
    for key, endorsement in zip(old.values(), map(b64, body["endorsements"]), strict=True):
        if key[0] == 1:
            ed_verify(key[1:], endorsement, message)
        else:
            mldsa.MLDSA44PublicKey.from_public_bytes(key[1:]).verify(endorsement, message)
    return [*links, (index, body["new_vkeys"], body["reason"])]


def left_root(index, size, siblings):
    """S7.20: the root of the entries before this one, by the shape of the tree"""
    if size == 1:
        return b""
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return left_root(index, half, siblings[:-1])
    rest = left_root(index - half, size - half, siblings[:-1])
    return digest(b"\1" + siblings[-1] + rest) if rest else siblings[-1]


def cosigned_message(who, where, field, size, root):
    """S7.6"""
    message = b"subtree/v1\n\0%c%b%b%c%b" % (len(who), who, field[4:12], len(where), where)
    return message + bytes(8) + size.to_bytes(8, "big") + root


def checkpoint(note, links, others=False):
    """S7.3 to S7.6, S7.20: (origin, size, root) of a note signed by all of the keys and, unless `others` may, nobody else."""
    text, _, tail = note.partition("\n\n")
    origin, decimal, encoded = text.split("\n")
    size, root = int(decimal), b64(encoded)
    now = max(n for n, link in enumerate(links) if link[0] < size)
    left, before = note_keys(links[now][1]), note_keys(links[now - 1][1]) if now else {}
    here = [line.split(" ") for line in tail[:-1].split("\n")]
    if any((name, b64(field)[:4]) in before for _, name, field in here):
        left |= before
    need(str(size) == decimal and len(root) == 32 and tail.endswith("\n"), "checkpoint")
    for line in tail[:-1].split("\n"):
        dash, name, field = line.split(" ")
        field, who, where = b64(field), name.encode(), origin.encode()
        if others and (name, field[:4]) not in left:
            continue
        key = left.pop((name, field[:4]))
        need(dash == "\u2014" and key[0] in (1, 6), "signature line")
        if key[0] == 1:
            ed_verify(key[1:], field[4:], f"{text}\n".encode())
            continue
        message = cosigned_message(who, where, field, size, root)
        mldsa.MLDSA44PublicKey.from_public_bytes(key[1:]).verify(field[12:], message)
    need(not left, "a key of the log did not sign")
    return origin, size, root


def check_quorum(text, note, size, root, log_keys):
    """S7.10, S7.11: under this policy the note is witnessed."""
    words = [line.split() for line in text.splitlines() if line.split() and not line.startswith("#")]
    signed = {
        (name, b64(field)[:4]): b64(field) for _, name, field in map(str.split, note.split("\n\n")[1].splitlines())
    }
    text = note.split("\n\n")[0] + "\n"
    origin, holding = text.split("\n")[0], set()
    logs = note_keys([one[1] for one in words if one[0] == "log"]) or log_keys
    need({name for name, _ in logs.keys() & signed.keys()} >= {origin}, "no log of the policy signed it as its own")
    for kind, name, *rest in words:
        if kind == "witness":
            [(named, key)] = note_keys(rest[:1]).items()
            field = signed.get(named)
            if field is None or key[1:] in [one[1:] for one in (logs | log_keys).values()]:
                continue
            if key[0] == 4:
                ed_verify(
                    key[1:], field[12:], b"cosignature/v1\ntime %d\n" % int.from_bytes(field[4:12]) + text.encode()
                )
            else:
                message = cosigned_message(named[0].encode(), origin.encode(), field, size, root)
                mldsa.MLDSA44PublicKey.from_public_bytes(key[1:]).verify(field[12:], message)
            holding |= {name} if any(field[4:12]) else set()
        elif kind == "group":
            asked = {"any": 1, "all": len(rest) - 1}.get(rest[0]) or int(rest[0])
            holding |= {name} if len(holding & set(rest[1:])) >= asked else set()
        elif kind == "quorum":
            need(name in holding, "the quorum did not cosign it")
            return
    need(False, "no quorum")


def roots_between(old, new, hashes, old_root, whole=True):
    """RFC 6962 section 2.1.2, from the top: (the smaller root, the larger root)."""
    if old == new:
        need(len(hashes) == (0 if whole else 1), "proof of another length")
        return (old_root if whole else hashes[0],) * 2
    half = 1 << (new - 1).bit_length() - 1
    *rest, last = hashes
    if old <= half:
        before, after = roots_between(old, half, rest, old_root, whole)
        return before, digest(b"\1" + after + last)
    before, after = roots_between(old - half, new - half, rest, old_root, False)
    return digest(b"\1" + last + before), digest(b"\1" + last + after)


def check_consistency(raw, old_size, old_root, size, root):
    """S7.24"""
    head, sizes, *hashes = raw.decode("ascii").removesuffix("\n").split("\n")
    need(raw.endswith(b"\n") and (head, sizes) == ("countersign.consistency/1", f"{old_size} {size}"), "consistency")
    hashes = list(map(b64, hashes))
    need(all(len(one) == 32 for one in hashes), "hashes")
    need(roots_between(old_size, size, hashes, old_root) == (old_root, root), "of another history")


def der(raw):
    """[(tag, content)] of elements one after another"""
    found = []
    while raw:
        length, at = raw[1], 2
        if length > 127:
            at += length - 128
            length = int.from_bytes(raw[2:at])
            need(at > 2 and raw[2] and length > 127, "length")
        need(len(raw) >= at + length, "cut short")
        found.append((raw[0], raw[at : at + length]))
        raw = raw[at + length :]
    return found


def check_token(raw, note):
    """S8.10: granted, and over these bytes. By whom is not looked at."""
    [(_, response)] = der(raw)
    (_, status), (_, content) = der(response)
    need(der(status)[0] == (2, b"\0"), "not granted")
    (_, kind), (_, body) = der(content)
    [(_, signed)] = der(body)
    (_, inner), (_, octets) = der(der(signed)[2][1])
    need((kind.hex(), inner.hex()) == ("2a864886f70d010702", "2a864886f70d0109100104"), "no time stamp")
    [(_, info)] = der(octets)
    [(_, parts)] = der(info)
    (_, algorithm), imprint = der(der(parts)[2][1])
    need(der(algorithm)[0] == (6, bytes.fromhex("608648016503040201")), "not SHA-256")
    need(imprint == (4, digest(note)) and der(parts)[4][0] == 0x18, "over something else")


def check_outside(member, links, size, root):
    """S8.10"""
    others = {name for name in member if name.startswith(("witnessed/", "stamps/"))}
    stamped = {name.split("/")[1] for name in others if name.startswith("stamps/")}
    parts = {f"stamps/{one}/{part}" for one in stamped for part in ("checkpoint", "token.tsr", "consistency")}
    if any(name.startswith("witnessed/") for name in others):
        parts |= {f"witnessed/{part}" for part in ("checkpoint", "policy", "consistency")}
    with about("pack.json"):
        need(others == parts and len(stamped) <= 8 and all(int(one) <= size for one in stamped), "parts are missing")
    for name in sorted({name.rpartition("/")[0] for name in others}):
        with about(f"{name}/checkpoint"):
            note = member[f"{name}/checkpoint"].decode()
            _, seen, seen_root = checkpoint(note, links, others=name == "witnessed")
            need(seen <= size and name in ("witnessed", f"stamps/{seen}"), "of a larger log, or another size")
            if name == "witnessed":
                keys = note_keys([vkey for link in links for vkey in link[1]])
                check_quorum(member["witnessed/policy"].decode(), note, seen, seen_root, keys)
            check_consistency(member[f"{name}/consistency"], seen, seen_root, size, root)
        if name != "witnessed":
            with about(f"{name}/token.tsr"):
                check_token(member[f"{name}/token.tsr"], note.encode())


def statement(payload):
    """S2.1, S6.3"""
    s = document(payload)
    must = {"type", "id", "occurred_at", "actor", "tags", "body"}
    need(
        must <= s.keys() <= must | {"sealed", "auth"} and isinstance(s["body"], dict) and len(s["tags"]) <= 64,
        "members",
    )
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    name, word = r"[a-z0-9][a-z0-9._-]{0,63}", r"[a-z]+(-[a-z]+)*"
    shapes = [(s["id"], uuid), (s["actor"], name), (s["type"], rf"{word}\.{word}\.v[0-9]+")]
    shapes += [(tag, r"[a-z]+:[A-Za-z0-9._-]{1,128}") for tag in s["tags"]]
    for pointer, ref in s.get("sealed", {}).items():
        need(ref.keys() == {"subject", "commitment"} and pointer[6:] not in s["body"], "sealed")
        shapes += [(pointer, "/body/[a-z0-9_]+"), (ref["subject"], name), (ref["commitment"], "[0-9a-f]{64}")]
    if "auth" in s:
        need(s["auth"] == {"by": "service", "subject": s["actor"], "method": s["auth"]["method"]}, "auth")
    moment(s["occurred_at"])
    need(all(re.fullmatch(shape, value) for value, shape in shapes), "a member is malformed")
    return s


class Keys:
    """S3. `known`: keyid -> [actor, spki, brought at, rotated at, (revoked from, revoked by)]; `passkeys`: S3.6"""

    def __init__(self):
        self.known, self.admins, self.service, self.passkeys = {}, {}, None, {}

    def bring(self, actor, spki, index):
        need(digest(b64(spki)).hex() not in self.known, "key brought twice")
        self.known[digest(b64(spki)).hex()] = [actor, b64(spki), index, None, None]

    def learn(self, index, s):
        body, kind = s["body"], s["type"]
        need((index == 0) == (kind == "log.opened.v1"), "a log is opened by entry 0 and no other")
        if index == 0:
            need(s["actor"] == body["service"] and "auth" not in s, "opened by somebody else")
            self.service, self.admins[body["admin"]] = body["service"], 0
            self.bring(body["service"], body["service_spki"], 0)
            self.bring(body["admin"], body["admin_spki"], 0)
        if kind in ("actor.key-rotated.v1", "actor.key-revoked.v1"):
            key = self.known[body["old_keyid" if "spki" in body else "keyid"]]
            need(key[0] == body["actor"], "ends a key of somebody else")
            if kind == "actor.key-rotated.v1":
                key[3] = index
            elif key[4] is None or moment(body["effective_at"]) < key[4][0]:
                key[4] = moment(body["effective_at"]), index
        if kind in ("actor.enrolled.v1", "actor.key-rotated.v1", "actor.passkey-added.v1"):
            self.bring(body["actor"], body["spki"], index)
        if kind == "actor.passkey-added.v1":
            need(
                body["actor"] != self.service and "auth" not in s,
                "a passkey of the service, or added by it for somebody",
            )
            self.passkeys[digest(b64(body["spki"])).hex()] = body["rp_id"], body["origins"]
        if kind in ("actor.enrolled.v1", "actor.admitted.v1") and "admin" in body["roles"]:
            self.admins.setdefault(body["actor"], index)

    def check(self, index, s, recorded, signatures, message):
        for keyid, signature in signatures.items():
            actor, spki, brought, rotated, revoked = self.known[keyid]
            need(actor == (self.service if "auth" in s else s["actor"]), "not a key of the signer")
            need(brought < index or index == brought == 0, "key brought later")
            need(rotated is None or index <= rotated, "key had been rotated")
            need(not revoked or recorded < revoked[0] or index == revoked[1], "key had been revoked")
            if keyid in self.passkeys:
                check_assertion(spki, *self.passkeys[keyid], signature, message)
            else:
                check_signature(spki, signature, message)
        own = s["type"] not in ("actor.enrolled.v1", "actor.admitted.v1") and s["body"].get("actor") == s["actor"]
        need(s["type"] != ROTATED or "auth" not in s, "not in the administrator's own words")
        free = s["type"] != ROTATED and (own or not s["type"].startswith("actor."))
        need(free or self.admins.get(s["actor"], index) < index, "not said by an administrator")


def unpacked(path):
    """S8.1"""
    member, total = {}, 0
    with zipfile.ZipFile(path) as archive:
        need(len(archive.infolist()) <= 40_000 and not archive.comment, "too many members, or a comment")
        for one in archive.infolist():
            name, total, kind = one.orig_filename, total + one.file_size, stat.S_IFMT(one.external_attr >> 16)
            with about(name):
                need(name in FIXED | {"pack.json", "pack.dsse"} or SERIES.fullmatch(name), "no member has this name")
                need(name not in member and not one.flag_bits & 1 and one.compress_type in (0, 8), "twice, or packing")
                need(kind in (0, stat.S_IFREG) and total < 2**32 - 1, "not a file, or too large")
                need(one.file_size <= 200 * max(one.compress_size, 64), "a bomb")
                member[name] = archive.read(one)
    return member


def told(proof, root, size):
    """S7.12 to S7.14: what the index says of a tag, by type."""
    need(proof.keys() == {"tag", "types", "other", "path"} and len(proof["path"]) <= 256, "proof")
    key, types, other = digest(proof["tag"].encode()), proof["types"], proof["other"]
    path = [bytes.fromhex(one) for one in proof["path"]]

    def way(key):
        return "".join(f"{byte:08b}" for byte in key)[: len(path)]

    need(types is None or (other is None and types), "both, or a record of nothing")
    need(all(len(one) == 32 for one in path) and (not path or path[0] != bytes(32)), "path")
    end = bytes(32)
    if types is not None:
        end = digest(b"\x12" + key + digest(b"\x11" + jcs({"tag": proof["tag"], "types": types})))
        for one in types.values():
            need(one.keys() == {"chain", "count", "last"} and 1 <= one["count"] <= one["last"] + 1 <= size, "record")
    elif other is not None:
        need(other.keys() == {"key", "record"}, "other")
        theirs = bytes.fromhex(other["key"])
        need(theirs != key and way(theirs) == way(key), "another key's place")
        end = digest(b"\x12" + theirs + bytes.fromhex(other["record"]))
    for sibling, bit in zip(path, reversed(way(key)), strict=True):
        end = digest(b"\x13" + (sibling + end if bit == "1" else end + sibling))
    need(end == root, "not under the root that the log names")
    return types or {}


def all_of(tag, topics, said, raws, types, size):
    """S8.9: the entries of these topics are by number and chain those of the record."""
    chains = {}
    for index, (s, *_) in said.items():
        if index < size and tag in s["tags"] and (not topics or s["type"].split(".")[0] in topics):
            chain, count = chains.get(s["type"], (bytes(32), 0))
            leaf = digest(b"\0" + raws[index])
            chains[s["type"]] = digest(b"\x10" + chain + index.to_bytes(8, "big") + leaf), count + 1
    for kind in chains.keys() | {kind for kind in types if not topics or kind.split(".")[0] in topics}:
        chain, count = chains.get(kind, (bytes(32), 0))
        there = types.get(kind, {"count": 0, "chain": bytes(32).hex()})
        need(there["count"] == count, f"{tag}: of {kind} the log holds {there['count']}, the pack {count}")
        need(there["chain"] == chain.hex(), f"{tag}: other entries of {kind} than the log's")


def due(assets, said):
    """S8.9: what has to be complete at the least; no topics: every type."""
    return {tag: topics for asset in assets for tag, topics in due_of(asset, said).items()}


def due_of(asset, said):
    made = [
        (s["body"]["asset"], set(s["body"]["parents"])) for s, *_ in said.values() if s["type"] == "asset.derived.v1"
    ]
    up, down = {asset}, {asset}
    for _ in made:
        up |= {parent for name, parents in made if name in up for parent in parents}
        down |= {name for name, parents in made if parents & down}
    wanted = {"log:opened": set(), "log:keys": set()} | {f"asset:{name}": set() for name in up | down}
    for s, _, signatures, _ in said.values():
        carried = [tag for tag in s["tags"] if not tag.startswith(("actor:", "key:"))]  # of these only speakers' own
        tags = [f"actor:{s['actor']}", *(f"key:{keyid}" for keyid in signatures), *carried]
        wanted |= {tag: SCOPES[tag.split(":")[0]] for tag in tags if tag.split(":")[0] in SCOPES}
    return wanted


def check_complete(pack, member, said, service):
    """S8.9"""
    with about("pack.json"):
        entry, size = pack["index"]["entry"], pack["index"]["size"]
        claimed = {one["tag"]: set(one["topics"]) for one in pack["complete"] if one.keys() == {"tag", "topics"}}
        need(list(claimed) == sorted(claimed) and len(claimed) == len(pack["complete"]), "complete")
        named, *_ = said[entry]
        need(named["type"] == "log.indexed.v1" and named["body"].keys() == {"size", "root"}, "names no root")
        need(named["actor"] == service and "auth" not in named and size == named["body"]["size"] <= entry, "index")
    raws = {index: member[f"entries/{index}.json"] for index in said}
    names = {tag: f"index/{digest(tag.encode()).hex()}.json" for tag in claimed}
    need(set(names.values()) == {name for name in member if name.startswith("index/")}, "proofs of other tags")
    for tag, topics in claimed.items():
        with about(names[tag]):
            proof = document(member[names[tag]])
            need(proof["tag"] == tag, "about another tag")
            all_of(tag, topics, said, raws, told(proof, bytes.fromhex(named["body"]["root"]), size), size)
    with about("pack.json"):
        for tag, topics in due(pack["subject"]["assets"], said).items():
            held = claimed.get(tag)
            need(held is not None and (not held or (topics and topics <= held)), f"not said to be complete: {tag}")


def subject(value, second):
    """S8.2"""
    if not second:
        need(value.keys() == {"asset"}, "subject")
        return [value["asset"]]
    need({"assets"} <= value.keys() <= {"assets", "dispute"}, "subject")
    found = value["assets"]
    need(0 < len(found) <= 20 and found == sorted(set(found)), "assets")
    need(all(re.fullmatch("[0-9a-f]{64}", one) for one in found), "digest")
    need(re.fullmatch("[A-Za-z0-9._-]{1,128}", value.get("dispute", "x")), "dispute")
    return found


def check_known(pack, member, said, root):
    """S8.12"""
    with about("pack.json"):
        need(("known" in pack) == ("known/consistency" in member), "known without its proof")
        if "known" not in pack:
            return
        known = pack["known"]
        need(known.keys() == {"at", "size", "root"} and 0 < known["size"] <= pack["index"]["size"], "known")
        for index, (_, recorded, *_) in said.items():
            need((index < known["size"]) == (recorded <= moment(known["at"])), f"entry {index} was known, or was not")
    with about("known/consistency"):
        old = bytes.fromhex(known["root"])
        check_consistency(member["known/consistency"], known["size"], old, pack["size"], root)


def check_shown(pack, member, said):
    """S8.13"""
    for name in sorted(name for name in member if name.startswith("disclosures/")):
        with about(name):
            shown = document(member[name])
            need(shown.keys() == {"index", "pointer", "salt", "value"}, "members")
            need(name == f"disclosures/{shown['index']}.{shown['pointer'][6:]}.json", "named otherwise")
            s, salt = said[shown["index"]][0], bytes.fromhex(shown["salt"])
            need(len(salt) == 32 and salt.hex() == shown["salt"], "salt")
            commitment = hmac.digest(salt, jcs(shown["value"]), "sha256").hex()
            need(commitment == s["sealed"][shown["pointer"]]["commitment"], "not what the log committed to")
            told = {"statement": s["id"], "pointer": shown["pointer"], "to": pack["reader"]}
            bodies = [one["body"] for one, *_ in said.values() if one["type"] == "field.disclosed.v1"]
            need(any(told.items() <= body.items() for body in bodies), "nothing says that it was shown to this reader")


def verify(path, vkeys=None):
    """What the pack is about, or Bad(item, why). The steps are those of S8.4, in an order of our own."""
    with about("archive"):
        member = unpacked(path)
    with about("pack.json"):
        pack = document(member["pack.json"])
        second = pack["format"] == "countersign.evidence/2"
        need(second or pack["format"] == "countersign.evidence/1", "format")
        wanted, may = (LISTED | {"index", "complete"}, {"known", "reader", "frames"}) if second else (LISTED, set())
        need(wanted <= pack.keys() <= wanted | may and moment(pack["made_at"]), "members of pack.json")
        assets = subject(pack["subject"], second)
        listed = {one["index"]: one["type"] for one in pack["entries"] if one.keys() == {"index", "type", "why"}}
        need(list(listed) == sorted(listed) and len(listed) == len(pack["entries"]) <= 10_000, "entries")
        series = {f"entries/{i}.json" for i in listed} | {f"proofs/{i}.tlog-proof" for i in listed} | FIXED
        series |= {"facts.json", "certificate.txt"} if second else set()
        others = ("blobs/",)
        others += (
            ("index/", "witnessed/", "stamps/", "report.pdf", "known/", "disclosures/", "frames/") if second else ()
        )
        need(series == {name for name in pack["members"] if not name.startswith(others)}, "entries are not members")
        frames = [
            one for one in pack.get("frames", []) if one["entry"] in listed and ("sha256" in one) != ("why" in one)
        ]
        need(len(frames) == len(pack.get("frames", [])) <= 2_000, "frames")  # S8.15
        named = {f"frames/{one['sha256']}.jpg": one["sha256"] for one in frames if "sha256" in one}
        there = {name: d for name, d in pack["members"].items() if name.startswith("frames/")}
        need(named == there, "frames are not members")
    for name in sorted(pack["members"].keys() | (member.keys() - {"pack.json", "pack.dsse"})):
        with about(name):
            need(digest(member[name]).hex() == pack["members"][name], "altered")
    keys, said, ids, head, links = Keys(), {}, set(), None, []
    for index, kind in listed.items():
        if index == 0 or kind == ROTATED:
            with about(f"entries/{index}.json"):
                envelope = document(member[f"entries/{index}.json"])["envelope"]
                links = next_link(links, index, statement(opened(envelope, STATEMENT)[0])["body"])
    for index, kind in listed.items():
        with about(f"entries/{index}.json"):
            raw = member[f"entries/{index}.json"]
            entry = document(raw)
            need(entry.keys() == {"envelope", "recorded_at"} and len(raw) <= 65_535, "entry")
            payload, *signed = opened(entry["envelope"], STATEMENT)
            s = statement(payload)
            need(s["type"] == kind and s["id"] not in ids, "of another type, or said twice")
            ids.add(s["id"])
            keys.learn(index, s)
            said[index] = s, moment(entry["recorded_at"]), *signed
        with about(f"proofs/{index}.tlog-proof"):
            top, _, note = member[f"proofs/{index}.tlog-proof"].decode().partition("\n\n")
            header, place, *siblings = top.split("\n")
            need((header, place) == ("c2sp.org/tlog-proof@v1", f"index {index}"), "header")
            siblings = list(map(b64, siblings))
            head = head or (note, *checkpoint(note, links))
            need(note == head[0] and head[1:3] == (pack["origin"], pack["size"]), "another checkpoint")
            need(index < head[2] and all(len(one) == 32 for one in siblings), "index or hashes")
        with about(f"entries/{index}.json"):
            need(root_over(index, head[2], digest(b"\0" + raw), siblings) == head[3], "not in the log")
            fits = kind != ROTATED or b64(s["body"]["root"]) == left_root(index, head[2], siblings)
            need(fits, "the old keys endorsed another tree")
    opening = said[0][0]["body"]
    with about("keys/log.vkeys"):
        need(member["keys/log.vkeys"].decode() == "".join(f"{v}\n" for v in links[-1][1]), "not the last link's")
        held = [n for n, link in enumerate(links) if vkeys is not None and set(vkeys) == set(link[1])]
        need(vkeys is None or held, "another log's keys than yours")
        need(vkeys is None or not any(link[2] == THEFT for link in links[held[-1] + 1 :]), "your keys were stolen")
    for index, told in said.items():
        with about(f"entries/{index}.json"):
            keys.check(index, *told)
    with about("pack.dsse"):
        payload, signatures, message = opened(document(member["pack.dsse"]), PACK)
        need(payload == member["pack.json"], "pack.json is not what it signs")
        for keyid, signature in signatures.items():
            actor, spki, _, *ends = keys.known[keyid]
            need(actor == keys.service and ends == [None, None], "not a key of the service, or ended")
            check_signature(spki, signature, message)
    with about("keys/actors.json"):
        actors = document(member["keys/actors.json"])
        found = {k: {"spki": base64.b64encode(v[1]).decode(), "enrolled_at_index": v[2]} for k, v in keys.known.items()}
        need(all(found[keyid] == value for keyid, value in actors.items()), "differs from the entries")
        need(actors.keys() >= set(signatures).union(*(one[2] for one in said.values())), "a key is not listed")
    with about("pack.json"):
        blobs = {name[6:] for name in member if name.startswith("blobs/")}
        omitted = [one["sha256"] for one in pack["omitted"]]
        need(opening["origin"] == pack["origin"] and omitted == sorted(set(omitted)), "origin, or what is omitted")
        need(all(pack["members"][f"blobs/{one}"] == one for one in blobs), "a blob is not named by its digest")
        named = {name for s, *_ in said.values() for name in NAMING.get(s["type"], lambda _: [])(s["body"])} - {None}
        may = {name for s, *_ in said.values() for name in DOCUMENTS.get(s["type"], lambda _: [])(s["body"])} - {None}
        need(named <= blobs | set(omitted) <= named | may, "blobs do not add up")
        brought = [s["body"]["asset"] for s, *_ in said.values() if re.match(r"asset\.(imported|derived)", s["type"])]
        need(set(assets) <= set(brought) and not blobs & set(omitted), "no entry brings the file")
    if second:
        check_complete(pack, member, said, keys.service)
        check_outside(member, links, *head[2:])
        check_known(pack, member, said, head[3])
        check_shown(pack, member, said)
    return {"assets": assets, "entries": len(said), "origin": head[1], "size": head[2]}


if __name__ == "__main__":
    try:
        given = Path(sys.argv[2]).read_text().splitlines() if sys.argv[2:] else None
        sys.stdout.write(f"GOOD {json.dumps(verify(sys.argv[1], given))}\n")
    except Bad as bad:
        sys.exit(f"BAD {bad.args[0]}: {bad.args[1]}")
