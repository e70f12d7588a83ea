#!/bin/sh
# Makes the certificates and keys of this directory anew, except for those of make-chain.sh, with OpenSSL 1.1.1 or later.
# They protect nothing: the keys are public.
set -eu
cd "$(dirname "$0")"
. ./signing.sh

# NAME COMMON_NAME NOT_AFTER SUBJECT_ALTERNATIVE_NAMES: certificate and key in NAME.pem, signed by the authority
signed() {
  key "$1"
  certify "$1" "$2" "$3" "subjectAltName=$4\nbasicConstraints=CA:FALSE" -cert "$work/authority.crt" -keyfile "$work/authority.key"
  cat "$work/$1.crt" "$work/$1.key" >"$1.pem"
}

# NAME: mx.tls.example, signed by its own key
self_signed() {
  certify "$1" mx.tls.example "$until" 'subjectAltName=DNS:mx.tls.example' -selfsign -keyfile "$work/$1.key"
  cat "$work/$1.crt" "$work/$1.key" >"$1.pem"
}

key authority
certify authority 'Headgate test authority' "$until" 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign' \
  -selfsign -keyfile "$work/authority.key"
cp "$work/authority.crt" authority.pem
signed receiver mx.tls.example "$until" 'DNS:mx.tls.example,DNS:*.wild.example,IP:127.0.1.1'
signed other other.example "$until" 'DNS:other.example'
signed expired mx.tls.example 20240201000000Z 'DNS:mx.tls.example'
signed sender sender.example "$until" 'DNS:sender.example'
cp "$work/sender.crt" sender-certificate.pem
cp "$work/sender.key" sender-key.pem
key self-signed
self_signed self-signed
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.key"
self_signed rsa
