#!/usr/bin/env bash
# Makes a person's home and a hub's with the program given, and what that program shows of them.
# Usage: make.sh PROGRAM FOLDER
set -euo pipefail
program=$(realpath "$1")
mkdir "$2"
cd "$2"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
echo 'correct horse battery' > "$work/pass"

hub() { "$program" hub "$@" --home hub --json; }
person() { "$program" "$@" --home person --json; }
of() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
ready() { until grep -q '"ready"' "$1" 2>/dev/null; do sleep 0.1; done; }

hub init --name Acme --listen /ip4/127.0.0.1/tcp/0 --passphrase-file "$work/pass" > /dev/null
"$program" hub run --passphrase-file "$work/pass" --home hub --json > "$work/hub" 2> "$work/hub.log" &
"$program" run --passphrase-file "$work/pass" --home person --json > "$work/person" 2> "$work/person.log" &
ready "$work/hub"
ready "$work/person"
cat > "$work/ask.toml" <<'ASK'
title = "Repairs"
legal_basis = "contract"
mode = "continuous"
retention = { duration = "P2Y", after = "end of contract" }

[[field]]
path = "phone.mobile"
required = true
reason = "to call you"
purposes = ["ServiceProvision"]

[[field]]
path = "email.personal"
reason = "to write to you"
purposes = ["ServiceProvision"]
ASK
hub ask "$work/ask.toml" > /dev/null
link=$(hub invite --customer C-17 | of '["link"]')
person set phone.mobile=+491701234567 email.personal=ada@example.com "name.full=Ada Lind" > /dev/null
request=$(person connect "$link" | of '["request"]["id"]')
grant=$(person approve "$request" | of '["id"]')
applied() { person status | grep -o '"state":"applied"' | wc -l; }
until [ "$(applied)" = 2 ]; do sleep 0.1; done
person set phone.mobile=+491709999999 > /dev/null
until [ "$(applied)" = 2 ] && hub customers | grep -q 491709999999; do sleep 0.1; done
person revoke "$grant" --paths email.personal > /dev/null
until person grants | grep -q '"result":"erased"'; do sleep 0.1; done
person set "x.note=a free field" > /dev/null
person set "x.note=changed once" > /dev/null
person unset x.note > /dev/null
hub message send C-17 acme-tips/1/tip > /dev/null
until person kept | grep -q acme-tips; do sleep 0.1; done

mkdir shows
person get --verify > shows/person.get+--verify
person history phone.mobile > shows/person.history+phone.mobile
person grants > shows/person.grants
person grants show "$grant" > "shows/person.grants+show+${grant##*:}"
person requests > shows/person.requests
person audit > shows/person.audit
person history x.note > shows/person.history+x.note
person kept > shows/person.kept
person message list > shows/person.message+list
person audit verify > shows/person.audit+verify
hub receipt C-17 > shows/hub.receipt+C-17
hub events > shows/hub.events
hub asks > shows/hub.asks
hub dead-letters > shows/hub.dead-letters
kill $(jobs -p)
wait
find . \( -name lock -o -name keys.attempts \) -delete
