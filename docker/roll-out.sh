#!/bin/sh
# Brings api and workers of docker/compose.prod.yaml to the image that IIT_IMAGE of the environment file names:
# migrations first (they only ever expand), then one service after the other, old and new side by side. Nothing is taken
# away before its successor is healthy; where one does not become so, the new ones go and the old ones stay.
# The way back is the same with the former image.
#   sh docker/roll-out.sh [.env]
set -eu
cd "$(dirname "$0")/.."
env_file=${1:-.env}
patience=${ROLL_OUT_SECONDS:-180}

compose() { docker compose --env-file "$env_file" -f docker/compose.prod.yaml "$@"; }

# Ids of the first list that are not in the second.
without() { for id in $1; do case " $2 " in *" $id "*) ;; *) printf '%s ' "$id" ;; esac; done; }

compose run --rm migrate

for service in api worker; do
  old=$(compose ps --quiet "$service" | tr '\n' ' ')
  count=$(printf '%s' "$old" | wc -w)
  compose up --detach --no-deps --no-recreate --scale "$service=$((count * 2))" "$service"
  new=$(without "$(compose ps --quiet "$service" | tr '\n' ' ')" "$old")
  for id in $new; do
    waited=0
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]; do
      waited=$((waited + 1))
      if [ "$waited" -gt "$patience" ]; then
        printf '%s: %s is not healthy after %s s; the old containers stay\n' "$service" "$id" "$patience" >&2
        # shellcheck disable=SC2086
        docker rm --force $new
        exit 1
      fi
      sleep 1
    done
  done
  # The proxy asks for the addresses of the api every two seconds.
  sleep 5
  # shellcheck disable=SC2086
  docker stop $old > /dev/null
  # shellcheck disable=SC2086
  docker rm $old > /dev/null
  printf '%s: %s new, %s old gone\n' "$service" "$count" "$count"
done
