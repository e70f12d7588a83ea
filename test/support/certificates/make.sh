#!/bin/sh
# Makes the certificates and keys of this directory anew, with OpenSSL 1.1.1 or later. They protect nothing: the keys are
# public. `openssl ca` is what sets both dates in all of these versions.
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

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# NAME COMMON_NAME NOT_AFTER EXTENSIONS SIGNING_ARGUMENTS...: signs the key NAME.key, certificate to NAME.crt
certify() {
  name=$1 subject=$2 end=$3
  printf '%b\n' "$4" >"$work/extensions"
  shift 4
  openssl req -new -key "$work/$name.key" -subj "/CN=$subject" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -extfile "$work/extensions" -startdate "$from" -enddate "$end" \
    -in "$work/$name.csr" -out "$work/$name.crt" "$@"
}

# NAME COMMON_NAME NOT_AFTER SUBJECT_ALTERNATIVE_NAMES: certificate and key in NAME.pem, signed by the authority
signed() {
  key "$work/$1.key"
  certify "$1" "$2" "$3" "subjectAltName=$4\nbasicConstraints=CA:FALSE" -cert "$work/authority.crt" -keyfile "$work/authority.key"
  cat "$work/$1.crt" "$work/$1.key" >"$1.pem"
}

# NAME: mx.tls.example, signed by its own key
self_signed() {
  certify "$1" mx.tls.example "$until" 'subjectAltName=DNS:mx.tls.example' -selfsign -keyfile "$work/$1.key"
  cat "$work/$1.crt" "$work/$1.key" >"$1.pem"
}

key "$work/authority.key"
certify authority 'Headgate test authority' "$until" 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign' \
  -selfsign -keyfile "$work/authority.key"
cp "$work/authority.crt" authority.pem
signed receiver mx.tls.example "$until" 'DNS:mx.tls.example,DNS:*.wild.example,IP:127.0.1.1'
signed other other.example "$until" 'DNS:other.example'
signed expired mx.tls.example 20240201000000Z 'DNS:mx.tls.example'
signed sender sender.example "$until" 'DNS:sender.example'
cp "$work/sender.crt" sender-certificate.pem
cp "$work/sender.key" sender-key.pem
key "$work/self-signed.key"
self_signed self-signed
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.key"
self_signed rsa
