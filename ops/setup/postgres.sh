#!/bin/sh
# A PostgreSQL of our own for tests and measurements: Debian's server, on loopback, in a folder that is removed again.
#   install         gets the packages where we may; elsewhere those tests skip and say so, except in CI, where they fail
#   serve PORT      starts one and prints its folder and its URL; stops and removes it when standard input ends, so that
#                   it can't outlive whoever asked for it
#   restart FOLDER  what a crash of the server and its recovery looks like to those connected
# serve and restart may be told another server's binaries, such as one that brings pgvector.
# fsync stays on: a figure or a test without it says nothing about a log. Anybody on this machine may connect (trust).
set -eu

binaries() {
    for found in "${1:-}" "$(pg_config --bindir 2>/dev/null || true)" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        if [ -x "$found/initdb" ] && [ -x "$found/postgres" ]; then
            echo "$found"
            return 0
        fi
    done
    return 1
}

install() {
    binaries >/dev/null && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing postgresql for the store's tests" >&2
        mkdir -p /etc/postgresql-common/createcluster.d  # no server of the machine's own is made or started
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/countersign.conf
        apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null ||
            echo "postgresql could not be installed" >&2
    fi
    return 0
}

# The server refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

serve() {
    port="$1"
    bin="$(binaries "${2:-}")" || { echo "PostgreSQL is not installed" >&2; exit 3; }
    cd /
    folder="$(mktemp -d "${TMPDIR:-/tmp}/countersign-pg.XXXXXX")"
    trap 'as_server "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT TERM
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    as_server "$bin/initdb" -D "$folder/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
        >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
    as_server tee -a "$folder/data/postgresql.conf" >/dev/null <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$folder'
max_connections = 60
shared_buffers = 64MB
fsync = on
synchronous_commit = on
deadlock_timeout = 500ms
END
    as_server "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 60 start >/dev/null 2>&1 ||
        { cat "$folder/server.log" >&2; exit 1; }
    echo "$folder"
    echo "postgresql://postgres@127.0.0.1:$port/postgres"
    exec 1>&-
    cat >/dev/null
}

restart() {
    as_server "$(binaries "${2:-}")/pg_ctl" -D "$1/data" -l "$1/server.log" -m immediate -w -t 60 restart >/dev/null 2>&1
}

case "${1:-}" in
    install) install ;;
    serve) serve "$2" "${3:-}" ;;
    restart) cd / && restart "$2" "${3:-}" ;;
    *) echo "usage: postgres.sh install | serve PORT [BINARIES] | restart FOLDER [BINARIES]" >&2; exit 2 ;;
esac
