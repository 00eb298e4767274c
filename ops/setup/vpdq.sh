#!/bin/sh
# Meta's vpdq into .peers. It comes as source only and is built against FFmpeg's headers, which are installed where we may;
# elsewhere the bench goes without it and says so.
set -eu
python="${PYTHON:-.venv/bin/python}"
if ! pkg-config --exists libavdevice libavfilter libswscale 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what vpdq is built with" >&2
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends cmake g++ pkg-config libavcodec-dev \
        libavformat-dev libavdevice-dev libavutil-dev libswscale-dev libswresample-dev libavfilter-dev >/dev/null; } || true
fi
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --target .peers \
    -r ops/lock/vpdq.txt || echo "vpdq could not be built" >&2
exit 0
