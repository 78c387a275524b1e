#!/bin/sh
# As the official image's: an empty data folder is initialised for POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD
# (or the file that POSTGRES_PASSWORD_FILE names); then the command runs.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password=${POSTGRES_PASSWORD:-$(cat "$POSTGRES_PASSWORD_FILE")}
  printf '%s' "$password" > /tmp/password
  initdb -D "$PGDATA" -U "$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password \
    --encoding=UTF8 --locale=C > /dev/null
  rm /tmp/password
  printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  printf 'CREATE DATABASE %s;\n' "$POSTGRES_DB" | postgres --single -D "$PGDATA" postgres > /dev/null
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
