#!/bin/sh
# strace, with which the tests let the n-th flush, rename or write of a command fail. Installed where we may; elsewhere those
# tests skip and say so, except in CI, where they fail.
set -eu

command -v strace >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing strace for the fault tests" >&2
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends strace >/dev/null; } ||
        echo "strace could not be installed" >&2
fi
exit 0
