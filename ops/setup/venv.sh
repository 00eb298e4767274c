#!/bin/sh
# Makes .venv and installs exactly what a lock file names (hashes checked), then this checkout itself, offline.
# usage: sh ops/setup/venv.sh run|dev     PYTHON names another interpreter than python3
set -eu
which="$1"
python="${PYTHON:-python3}"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Countersign needs Python 3.11 or newer; '$python' is not. Try: make demo PYTHON=python3.12" >&2
    exit 2
fi
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    rm -rf .venv
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        # Debian keeps ensurepip in a package of its own.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "Installing python3-venv" >&2
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        else
            echo "This Python has no venv. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
            exit 2
        fi
    fi
    "$python" -m venv .venv
fi
echo "Installing what ops/lock/$which.txt names into .venv (a minute or two, once)" >&2
# The lock names everything, so nothing else is looked for (ops/lock/overrides.txt leaves out two that nothing here needs).
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "ops/lock/$which.txt"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
touch ".venv/.$which"
[ "$which" = run ] || touch .venv/.run
