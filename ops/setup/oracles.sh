#!/bin/sh
# The oracle tests hold our log to verifiers that others wrote: Go's checksum database code, and OpenSSL for time stamps.
# Debian's packages are installed where we may; elsewhere those tests skip and say so, except in CI, where they fail.
set -eu
missing=""
command -v go >/dev/null 2>&1 && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] || missing="golang-go golang-golang-x-mod-dev"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the oracle tests: $missing" >&2
    # shellcheck disable=SC2086 -- a list of packages
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null || echo "Not all could be installed" >&2
fi
exit 0
