#!/bin/sh
# The oracle tests hold our log to verifiers that others wrote: Go's checksum database code. Debian's packages are installed
# where we may; elsewhere those tests skip and say so, except in CI, where they fail.
set -eu
command -v go >/dev/null 2>&1 && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Go and golang.org/x/mod for the oracle tests" >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends golang-go golang-golang-x-mod-dev >/dev/null || echo "Go could not be installed" >&2
fi
exit 0
