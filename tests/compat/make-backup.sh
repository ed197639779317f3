#!/usr/bin/env bash
# Makes a home with the program given, backs it up three times, and writes down its words and what it held at each point.
# Usage: make-backup.sh PROGRAM FOLDER
set -euo pipefail
program=$(realpath "$1")
mkdir "$2"
cd "$2"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
echo 'correct horse battery' > "$work/pass"

person() { "$program" "$@" --home "$work/home" --json; }
"$program" run --passphrase-file "$work/pass" --home "$work/home" --json > "$work/out" 2> "$work/log" &
until grep -q '"ready"' "$work/out" 2>/dev/null; do sleep 0.1; done
mkdir points
point() { person backup "$PWD/folder" > /dev/null; person get > "points/$1"; }
person set phone.mobile=+491701234567 email.personal=ada@example.com > /dev/null
point 0
person set phone.mobile=+491709999999 "name.full=Ada Lind" > /dev/null
point 1
person unset --erase email.personal > /dev/null
point 2
kill $(jobs -p)
wait
person words --passphrase-file "$work/pass" | python3 -c 'import json,sys; print(json.load(sys.stdin)["words"])' > words
