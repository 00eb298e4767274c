"""Where a notice may be sent: endpoints are named by others, and must not become a way into the network we run in."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.errors import Misuse, Unavailable

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address (RFC 6052)


@dataclass(frozen=True)
class Target:
    """One endpoint, looked up once: we connect to the address that was judged and to no other."""

    host: str
    port: int
    path: str
    secure: bool
    family: socket.AddressFamily
    address: tuple[str, int]


def target_of(url: str, *, private: bool) -> Target:
    """Looks the host up. `private`: addresses that are not public, and plain HTTP, are allowed too.

    Raises Misuse `endpoint_invalid`, `endpoint_not_https`, `endpoint_not_public`; Unavailable `endpoint_unresolved`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise Misuse("endpoint_invalid", "the endpoint is not https://host[:port]/path", "Register another one.")
    secure = parts.scheme == "https"
    if not (secure or private):
        raise Misuse("endpoint_not_https", "notices are sent over HTTPS", "Register an https:// endpoint.")
    family, address = _resolved(host, port or (443 if secure else 80), private)
    return Target(host, address[1], parts.path or "/", secure, family, address)


def _resolved(host: str, port: int, private: bool) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable("endpoint_unresolved", "the endpoint's host has no address", "Check its name.") from error
    addresses = [(family, (str(where[0]), int(where[1]))) for family, *_, where in found if len(where) >= 2]
    if not private and not all(is_public(address) for _, (address, _) in addresses):
        raise Misuse("endpoint_not_public", "the endpoint's address is not a public one", "Register another one.")
    if not addresses:
        raise Unavailable("endpoint_unresolved", "the endpoint's host has no address", "Check its name.")
    return addresses[0]


def is_public(text: str) -> bool:
    """Global unicast, looking through the forms in which IPv6 carries an IPv4 address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast
