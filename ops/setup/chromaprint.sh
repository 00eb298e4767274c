#!/bin/sh
# Debian's Chromaprint library, which fingerprints sound. Installed where we may; elsewhere tests of sound skip and say so, except
# in CI, where they fail.
set -eu
if ! "${PYTHON:-python3}" -c 'import ctypes; ctypes.CDLL("libchromaprint.so.1")' 2>/dev/null &&
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing libchromaprint1 for the tests of sound" >&2
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends libchromaprint1 >/dev/null; } ||
        echo "libchromaprint1 could not be installed" >&2
fi
exit 0
