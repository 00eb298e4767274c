"""A SoftHSM for the tests of signers: one token in a temporary folder, with P-256 keys that never leave it.

One a process: the PKCS#11 library reads where its tokens lie when it is loaded, and never again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
PIN, LABEL = "4711-not-a-secret", "countersign-test"


class SoftHsm:
    """A token with keys 1, 2, …"""

    def __init__(self, library: str) -> None:
        self._library, self._keys = library, 0

    def fresh(self) -> str:
        """The URI of a key that no test had before: the log takes a key in once."""
        import pkcs11
        from pkcs11.util.ec import encode_named_curve_parameters

        self._keys += 1
        token = pkcs11.lib(self._library).get_token(token_label=LABEL)
        with token.open(user_pin=PIN, rw=True) as session:
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            parameters.generate_keypair(store=True, id=pkcs11.util.biginteger(self._keys), label=f"key {self._keys}")
        return f"hsm:{self._keys}?label={LABEL}"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """Skips where Debian's softhsm2 can't be had, except in CI."""
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    tool = shutil.which("softhsm2-util")
    if library is None or tool is None:
        if os.environ.get("CI") == "true":
            pytest.fail("softhsm2 is missing in CI: ops/setup/softhsm.sh should have installed it")
        pytest.skip("no softhsm2 here, see ops/setup/softhsm.sh")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = {name: os.environ.get(name) for name in ("SOFTHSM2_CONF", "PYKCS11LIB")}
    os.environ["SOFTHSM2_CONF"], os.environ["PYKCS11LIB"] = str(configuration), library
    making = [tool, "--init-token", "--free", "--label", LABEL, "--so-pin", "1234567", "--pin", PIN]
    subprocess.run(making, check=True, capture_output=True)
    yield SoftHsm(library)
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
