#!/bin/sh
# Makes chain.pem anew, as make.sh does the others: mx.tls.example with its key, the authority in between that signed it,
# and the one above, which allows none in between (pathlen:0), so that the chain is good from the middle on only.
set -eu
cd "$(dirname "$0")"
from=20240101000000Z
until=21240101000000Z
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ca.conf" <<EOF
[ca]
default_ca = test
[test]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
EOF
: >"$work/index"

# NAME COMMON_NAME EXTENSIONS SIGNING_ARGUMENTS...
certify() {
  name=$1 subject=$2
  printf '%b\n' "$3" >"$work/extensions"
  shift 3
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$name.key"
  openssl req -new -key "$work/$name.key" -subj "/CN=$subject" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -extfile "$work/extensions" -startdate "$from" -enddate "$until" \
    -in "$work/$name.csr" -out "$work/$name.crt" "$@"
}

certify top 'Headgate top authority' 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign' \
  -selfsign -keyfile "$work/top.key"
certify middle 'Headgate middle authority' 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign' \
  -cert "$work/top.crt" -keyfile "$work/top.key"
certify own mx.tls.example 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth' \
  -cert "$work/middle.crt" -keyfile "$work/middle.key"
certify limited 'Headgate limited authority' \
  'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nnameConstraints=critical,permitted;DNS:tls.example' \
  -selfsign -keyfile "$work/limited.key"
certify under mx.tls.example 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE' \
  -cert "$work/limited.crt" -keyfile "$work/limited.key"
certify client mx.tls.example 'subjectAltName=DNS:mx.tls.example\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth' \
  -cert "$work/middle.crt" -keyfile "$work/middle.key"
cat "$work/own.crt" "$work/own.key" "$work/middle.crt" "$work/top.crt" >chain.pem
cat "$work/under.crt" "$work/under.key" "$work/limited.crt" >chain-limited.pem
cat "$work/client.crt" "$work/client.key" "$work/middle.crt" >chain-client.pem
