#!/bin/sh
# Sorts one support ticket: a queue and a priority, by keywords. Version 2.
# New: a ticket may have no body; --subject-only reads nothing else.
set -eu
lines=.
if [ "$1" = --subject-only ]; then lines='^Subject:' && shift; fi
ticket=$1 answer=$2

text=$(grep "$lines" "$ticket" || true)

case $text in
    *password* | *login* | *"log in"*) queue=accounts ;;
    *harged* | *nvoice* | *efund*) queue=billing ;;
    *error* | *down*) queue=operations ;;
    *) queue=product ;;
esac
case $queue in
    operations) priority=P1 ;;
    product) priority=P3 ;;
    *) priority=P2 ;;
esac
printf 'queue: %s\npriority: %s\n' "$queue" "$priority" >"$answer"
