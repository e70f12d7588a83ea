#!/bin/sh
# Makes chain.pem anew, as make.sh does the others: mx.tls.example with its key, the authority in between that signed it,
# and the one above, which allows none in between (pathlen:0), so that the chain is good from the middle on only.
set -eu
cd "$(dirname "$0")"
. ./signing.sh

for name in top middle own limited under client; do key "$name"; done
certify top 'Headgate top authority' "$until" 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign' \
  -selfsign -keyfile "$work/top.key"
certify middle 'Headgate middle authority' "$until" 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign' \
  -cert "$work/top.crt" -keyfile "$work/top.key"
certify own mx.tls.example "$until" 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth' \
  -cert "$work/middle.crt" -keyfile "$work/middle.key"
certify limited 'Headgate limited authority' "$until" \
  'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nnameConstraints=critical,permitted;DNS:tls.example' \
  -selfsign -keyfile "$work/limited.key"
certify under mx.tls.example "$until" 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE' \
  -cert "$work/limited.crt" -keyfile "$work/limited.key"
certify client mx.tls.example "$until" 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth' \
  -cert "$work/middle.crt" -keyfile "$work/middle.key"
cat "$work/own.crt" "$work/own.key" "$work/middle.crt" "$work/top.crt" >chain.pem
cat "$work/under.crt" "$work/under.key" "$work/limited.crt" >chain-limited.pem
cat "$work/client.crt" "$work/client.key" "$work/middle.crt" >chain-client.pem
