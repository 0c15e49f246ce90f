#!/bin/sh
# Sorts one support ticket: a queue and a priority, by keywords. Version 1.
set -eu
ticket=$1 answer=$2

body=$(grep -v -e '^Subject:' -e '^@' -e '^$' "$ticket") || {
    echo "triage.sh: the ticket has no body" >&2
    exit 3
}

case $body in
    *password* | *login*) queue=accounts ;;
    *charged* | *invoice* | *refund*) queue=billing ;;
    *error* | *down*) queue=operations ;;
    *) queue=product ;;
esac
priority=P2
if [ "$queue" = operations ]; then priority=P1; fi
printf 'queue: %s\npriority: %s\n' "$queue" "$priority" >"$answer"
