#!/bin/sh
# Start command of Headgate for `bench`: everything goes to the sink, queues and logs are in the private directory of the
# run, every message is on stable storage before its 250 (force_fsync is on by default). HEADGATE_OPTIONS: further lines, at
# global scope.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
tls=no
[ -z "${BENCH_TLS:-}" ] || tls=required
cat >"$BENCH_PEER_DIR/headgate.conf" <<END
Hostname = "headgate.bench"
Spoolbase = "$BENCH_PEER_DIR/spool"
Pidfile = "$BENCH_PEER_DIR/headgate.pid"
Gateway = "127.0.0.1"
Remote_SMTP_Port = $SINK_PORT
TLS = $tls
${HEADGATE_OPTIONS:-}
ec_logger {
  mainlog = "$BENCH_PEER_DIR/mainlog.ec"
  rejectlog = "$BENCH_PEER_DIR/rejectlog.ec"
  paniclog = "$BENCH_PEER_DIR/paniclog.ec"
}
ESMTP_Listener {
  Relay_Hosts = ( 127.0.0.0/8 )
  Listen "$LISTEN" {}
}
END
exec "$root/bin/headgate" start -c "$BENCH_PEER_DIR/headgate.conf"
