#!/bin/sh
# The web tests look at pages in a real browser. Debian's is installed where we may; elsewhere those tests skip and say so,
# except in CI, where they fail.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium for the web tests" >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null || echo "chromium could not be installed" >&2
fi
exit 0
