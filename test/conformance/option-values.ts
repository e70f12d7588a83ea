// Values of each type of options.tsv that must be taken, and that must not.

/** By type, or by name where not every value of the type will do. */
export const RIGHT_VALUES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false', 'on', 'OFF', 'yes', 'no', 'enabled', 'disabled', '1', '"0"'],
  integer: ['1', '"25"', '2000'],
  interval: ['1', '0', '"60"'],
  string: ['word', '"two words"'],
  file: ['/var/log/x', '"/a b"'],
  path: ['/var/x', '"/a b"'],
  perms: ['0644', '"0600"'],
  rate: ['"10"', '"60/3"', '"1/60"'],
  float: ['5', '2.5'],
  list: ['( a "b c" )', '( a, b )', '()'],
  dictionary: ['[ a = b ]', '[ a = b "c d" = e ]'],
  regex: ['"^a+$"'],
  address: ['192.0.2.1'],
  max_retries: ['auto', 'none', '5'],
  rfc2822_max_line_length: ['ignore', 'pedantic', 'fix', '998'],
  // Lists and texts of a certain form
  relay_hosts: ['( 192.0.2.0/24 2001:db8::1 )', '( 192.0.2.1, 192.0.2.2 )', '()'],
  prohibited_hosts: ['( "127.0.0.0/8" 0.0.0.0 )', '()'],
  skip_hosts: ['( "127.0.0.0/8" 0.0.0.0 )', '()'],
  routes: ['( mx.test __mx__ "smtp://relay.test?pref=5" )', '()'],
  hostname: ['mail.example.com', '"mail.example.com"'],
  ehlo_hostname: ['__hostname__', '"mail.example.com"'],
  tls_ciphers: ['DEFAULT', '"HIGH:!aNULL"'],
  tls_protocols: ['"+ALL:-TLSv1.2"'],
  tls_ec_curve_names: ['"P-256:P-384"'],
  local_changes_only: ['false'], // true needs a file besides
  // Numbers from a least one
  dns_rate_limit_max_queue: ['1000', '"2000"'],
  dns_rate_limit_period: ['1', '"60"'],
  // Enumerations whose words are not listed
  click_tracking_scheme: ['https'],
  open_tracking_scheme: ['https'],
  message_disposition: ['pass'],
  mailerdaemon: ['mailer@example.com'],
  rollup_mx: ['false'], // true needs rollup_mx_name besides
  rollup_mx_name: ['pool.example.com', '"pool.example.com"'],
};

export const WRONG_VALUES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['maybe', '2', '( true )', '[ a = b ]'],
  integer: ['many', '1.5', '1s', '( 1 )', '[ a = b ]'],
  interval: ['soon', '1.5', '5m', '( 1 )', '[ a = b ]'],
  string: ['( a )', '[ a = b ]'],
  file: ['( a )', '[ a = b ]', '""'],
  path: ['( a )', '[ a = b ]', '""'],
  perms: ['0888', 'rw', '( 0644 )'],
  rate: ['"10/0"', '"1/2/3"', 'fast', '( 10 )'],
  float: ['much', '( 5 )', '[ a = b ]'],
  list: ['[ a = b ]'],
  dictionary: ['word', '( a b )'],
  regex: ['( a )', '"("'],
  enum: ['no-such-word', '( no )', '[ a = b ]'],
  address: ['( a )', '[ a = b ]'],
};
