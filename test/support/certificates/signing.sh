# What make.sh and make-chain.sh have in common; they read it with `.` from this directory. `openssl ca` is what sets both
# dates in OpenSSL 1.1.1 and all later versions. Keys and certificates go to "$work", which is removed at the end.
set -eu
from=20240101000000Z
until=21240101000000Z
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.conf" <<CONF
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
CONF
: >"$work/index"

# NAME: a new key in NAME.key
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"; }

# NAME COMMON_NAME NOT_AFTER EXTENSIONS SIGNING_ARGUMENTS...: signs the key NAME.key, certificate to NAME.crt
certify() {
  name=$1 subject=$2 end=$3
  printf '%b\n' "$4" >"$work/extensions"
  shift 4
  openssl req -new -key "$work/$name.key" -subj "/CN=$subject" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -extfile "$work/extensions" -startdate "$from" -enddate "$end" \
    -in "$work/$name.csr" -out "$work/$name.crt" "$@"
}
