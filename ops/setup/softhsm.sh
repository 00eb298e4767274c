#!/bin/sh
# A hardware security module in software, for the tests of signers: Debian's SoftHSM, spoken to through PKCS#11.
# Installed where we may; elsewhere those tests skip and say so, except in CI, where they fail.
set -eu
if ! command -v softhsm2-util >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing softhsm2 for the tests of signers" >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends softhsm2 >/dev/null || echo "softhsm2 could not be installed" >&2
fi
exit 0
