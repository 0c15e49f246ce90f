#!/bin/sh
# Sorts one support ticket: a queue and a priority, by keywords. Version 3.
# New: upper and lower case are the same; changing one's own data can wait.
set -eu
lines=.
if [ "$1" = --subject-only ]; then lines='^Subject:' && shift; fi
ticket=$1 answer=$2

text=$(grep "$lines" "$ticket" | tr '[:upper:]' '[:lower:]' || true)

priority=P2
case $text in
    *password* | *"log in"*) queue=accounts ;;
    *address* | *login*) queue=accounts priority=P3 ;;
    *charged* | *invoice* | *refund*) queue=billing ;;
    *error* | *down*) queue=operations priority=P1 ;;
    *) queue=product priority=P3 ;;
esac
printf 'queue: %s\npriority: %s\n' "$queue" "$priority" >"$answer"
