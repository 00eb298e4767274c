"""A time-stamping authority of the tests' own: `openssl ts` behind a loopback server, which can be told to misbehave."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SIGNERS = ("good", "expired", "untrusted")
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
DRIP_S = 0.05  # between two bytes of an answer that never ends
_CONFIG = """\
[{name}]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/{name}.pem
signer_key = {folder}/{name}.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500
ess_cert_id_alg = sha256
"""

_FOR_SIGNATURES = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
)  # fmt: skip
Answer = tuple[int, str, bytes]


class Authority:
    """Its certificates in `folder`, and how it answers: `mode` is one of the keys of `_answers`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mode, self.url = folder, "good", ""
        self.asked: list[str] = []
        self.released = threading.Event()
        """Set when the server goes down: answers that hang end then."""
        now = datetime.now(UTC)
        roots = {name: _root(name) for name in ("trusted", "stranger")}
        self.root_pem = roots["trusted"][0].public_bytes(Encoding.PEM).decode()
        (folder / "root.pem").write_text(self.root_pem)
        (folder / "serial").write_text("01\n")
        for name in SIGNERS:
            issuer = roots["stranger" if name == "untrusted" else "trusted"]
            until = now - timedelta(days=1) if name == "expired" else now + timedelta(days=30)
            self._enrol(name, issuer, until)
        config = "".join(_CONFIG.format(name=name, folder=folder) for name in SIGNERS)
        (folder / "tsa.cnf").write_text(config)

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        return tuple(x509.load_pem_x509_certificates(self.root_pem.encode()))

    def token(self, query: bytes, signer: str = "good") -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        self._openssl(
            "-reply", "-config", "tsa.cnf", "-section", signer, "-queryfile", "query.tsq", "-out", "reply.tsr"
        )
        return (self.folder / "reply.tsr").read_bytes()

    def token_over(self, data: bytes, *options: str, signer: str = "good") -> bytes:
        """A token that nobody asked for, with a nonce of its own."""
        (self.folder / "data").write_bytes(data)
        self._openssl("-query", "-data", "data", *(options or ("-sha256",)), "-cert", "-out", "own.tsq")
        return self.token((self.folder / "own.tsq").read_bytes(), signer)

    def answer(self, query: bytes) -> Answer:
        self.asked.append(self.mode)
        return self._answers[self.mode](self, query)

    def _hang(self, query: bytes) -> Answer:
        self.released.wait(30)
        return 503, "text/plain", b""

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(
            ["openssl", "ts", *arguments], cwd=self.folder, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def _enrol(self, name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], until: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        certificate = (
            _certificate(f"Test TSA ({name})", key, issuer[0].subject, until)
            .add_extension(usage, critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_FOR_SIGNATURES, critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False)
            .sign(issuer[1], hashes.SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(pem)
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    _answers: dict[str, Callable[[Authority, bytes], Answer]] = {
        "good": lambda self, query: (200, REPLY, self.token(query)),
        "error": lambda self, query: (500, "text/plain", b"out of order"),
        "hanging": _hang,
        "dripping": lambda self, query: (200, REPLY, b"\x30" * 10_000),
        "garbage": lambda self, query: (200, REPLY, b"\x30\x82\x03\xb8not a time stamp"),
        "empty": lambda self, query: (200, REPLY, b""),
        "endless": lambda self, query: (200, REPLY, b"\x30" * (1 << 20)),
        "page": lambda self, query: (200, "text/html", b"<h1>Welcome to the hotel's network</h1>"),
        "redirect": lambda self, query: (302, REPLY, b""),
        "wrong_nonce": lambda self, query: (200, REPLY, self.token_over(_last_data(self))),
        "wrong_digest": lambda self, query: (200, REPLY, self.token_over(b"something else")),
        "rejecting": lambda self, query: (200, REPLY, self.token_over(b"", "-sha512")),
        "expired": lambda self, query: (200, REPLY, self.token(query, "expired")),
        "untrusted": lambda self, query: (200, REPLY, self.token(query, "untrusted")),
    }


def _last_data(authority: Authority) -> bytes:
    return (authority.folder / "expected").read_bytes()


@contextmanager
def serving_authority(folder: Path) -> Iterator[Authority]:
    """Up at `url` inside the block."""
    authority = Authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == QUERY
            status, kind, body = authority.answer(query)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                if authority.mode == "dripping":
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        if authority.released.wait(DRIP_S):
                            return
                else:
                    self.wfile.write(body)
            except OSError:
                return  # the asker had enough

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="tsa")
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield authority
    finally:
        authority.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def needed_tools() -> None:
    """Skips where openssl or rfc3161-client is missing, except in CI, where that is a failure."""
    missing = [] if shutil.which("openssl") else ["openssl"]
    try:
        import rfc3161_client  # noqa: F401
    except ImportError:
        missing.append("rfc3161-client")
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"not installed, and CI has to use them: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def _root(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(f"Test TSA root ({name})")
    builder = _certificate(f"Test TSA root ({name})", key, subject, datetime.now(UTC) + timedelta(days=3650))
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=60))
        .not_valid_after(until)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
