// The rules that come with the product, in the language of rule-file.ts. Ours, open, and dated, since receivers change
// their words: last looked through on 2026-11-25. Rules of an operator come before these (docs/bounces.md,
// "Classification").

/**
 * First what only one thing is ever said of; then what tells the many meanings of one status code apart; then the status
 * code (RFC 3463 and the IANA registry of enhanced status codes); then words of receivers that send no such code; the bare
 * reply code last.
 */
export const RULES = `
# ---- our own failures, which name no receiver
21  text "[internal]" "no MX or A for domain"
21  text "[internal]" "NULL MX"
21  text "[internal]" "Domain Lookup Failed"
21  text "[internal]" "DNS lookup was not answered"
24  text "[internal]" "exceeded max"
24  text "[internal]" "message expired"
24  text "[internal]" "Connection Timed Out"
24  text "[internal]" "No valid hosts"
24  text "[internal]" "no MXs for this domain could be reached"
24  text "[internal]" "connection closed by remote host"
24  text "[internal]" "response"
24  text "[internal]" "no banner"
24  text "[internal]" "failed" status 4.4.2
25  text "[internal]" "manually purged"
25  text "[internal]" "manually failed"
25  text "[internal]" "Blackholed"
25  text "[internal]" "by policy"
25  text "[internal]" "Private/Loopback Address"
25  text "[internal]" "message body missing"
20  text "[internal]" status 4.*.*
40  text "[internal]"

# ---- lists of bad senders, whatever the code
51  text "spamhaus"
51  text "spamcop"
51  text "barracudacentral"
51  text "sorbs.net"
51  text "uceprotect"
51  text "proofpoint" "blocked"
51  text "cloudmark" "blocked"
51  text "blocklist"
51  text "block list"
51  text "blacklist"
51  text "black list"
51  text "denylist"
51  text "dnsbl"
51  text "rbl" "block"
51  text "rbl"   "listed"
51  text "listed" "ip" "reputation"
51  text "listed in "
51  text "banned sending ip"
51  text "bad reputation"
51  text "poor reputation"
51  text "low reputation"
51  text "sender reputation"
51  text "reputation of the sending"
51  text "too many spam"
51  text "user complaints"
51  text "unusual rate of unsolicited"
51  text "suspected spam" "ip"
51  text "[ts03]"
51  text "[ts04]"

# ---- content
53  text "attachment" "not allowed"
53  text "attachment" "prohibited"
53  text "attachment" "blocked"
53  text "attachment" "security"
53  text "executable" "attach"
53  text "file type" "not"
53  text "virus"
53  text "malware"
53  text "552" "5.7.0" "content presents a potential security issue"
52  text "spam message"
52  text "spam content"
52  text "message" "classified as spam"
52  text "message" "considered spam"
52  text "message" "identified as spam"
52  text "looks like spam"
52  text "detected as spam"
52  text "likely unsolicited"
52  text "likely suspicious"
52  text "message content"
52  text "content" "rejected"
52  text "content" "unacceptable"
52  text "content filter"
52  text "blocked by" "spam"
52  text "rejected" "spam"
52  text "spam" "score"
52  text "unsolicited"
52  text "bulk mail"
52  text "phishing"
52  text "uribl"
52  text "surbl"
52  text "[pm01]"

# ---- the mailbox
22  text "over quota"
22  text "overquota"
22  text "quota exceeded"
22  text "exceeded" "quota"
22  text "exceeds" "quota"
22  text "out of storage"
22  text "mailbox full"
22  text "mailbox is full"
22  text "mailbox" "full"
22  text "inbox is full"
22  text "inbox full"
22  text "insufficient storage" status *.2.*
22  text "storage limit"
22  text "disk quota"
22  text "mailfolder is full"
22  text "not enough space"

# ---- size
23  text "message size exceeds"
23  text "message too large"
23  text "message too big"
23  text "message is too large"
23  text "size limit"
23  text "exceeds" "maximum" "size"
23  text "exceeds" "size"

# ---- relaying
54  text "relay" "denied"
54  text "relay" "not permitted"
54  text "relay" "not allowed"
54  text "relay" "prohibited"
54  text "unable to relay"
54  text "relaying" "denied"
54  text "not permitted to relay"
54  text "we do not relay"
54  text "not configured to relay"
54  text "isn't in my control/locals list"
54  text "is not in my list of allowed rcpthosts"

# ---- nobody there, also where the status code says less
10  text "user unknown"
10  text "unknown user"
10  text "unknown recipient"
10  text "recipient unknown"
10  text "unknown address"
10  text "address unknown"
10  text "unknown mailbox"
10  text "unknown local"
10  text "no such user"
10  text "no such recipient"
10  text "no such mailbox"
10  text "no such address"
10  text "no such account"
10  text "no such person"
10  text "no mailbox here by that name"
10  text "no mailbox by that name"
10  text "no account by that name"
10  text "does not exist" "domain" reply 450
10  text "user doesn't have a"
10  text "user does not exist"
10  text "account" "does not exist"
10  text "mailbox" "does not exist"
10  text "recipient" "does not exist"
10  text "address" "does not exist"
10  text "doesn't exist"
10  text "not a known user"
10  text "not a valid mailbox"
10  text "not a valid user"
10  text "invalid recipient"
10  text "invalid mailbox"
10  text "invalid address"
10  text "invalid user"
10  text "bad destination mailbox"
10  text "recipient" "not found"
10  text "user" "not found"
10  text "mailbox not found"
10  text "mailbox unavailable" status 5.*.*
10  text "mailbox unavailable" reply 550
10  text "mailbox" "disabled"
10  text "account" "disabled"
10  text "account" "inactive"
10  text "mailbox" "inactive"
10  text "account" "closed"
10  text "account" "suspended"
10  text "account" "deactivated"
10  text "user" "disabled"
10  text "recipientnotfound"
10  text "recipient address rejected" "access denied"
10  text "recipient address rejected" "undeliverable"
10  text "address rejected" "unknown"
10  text "unrouteable address"
10  text "unroutable address"
10  text "moved to another"
10  text "no longer available"
10  text "no longer in use"
10  text "no longer active"
10  text "not our customer"

# ---- for a while
70  text "greylist"
70  text "graylist"
70  text "grey list"
70  text "try again" reply 4*
70  text "temporarily deferred"
70  text "temporarily rejected"
70  text "temporarily unavailable"
70  text "rate limit" reply 4*
70  text "too many connections"
70  text "too many messages"
70  text "too many" reply 4*
70  text "[ts01]"
70  text "[ts02]"

# ---- senders and their domains
50  text "dmarc"
50  text "spf" "fail"
50  text "dkim" "fail"
50  text "not authenticated"
50  text "authentication" "required"
50  text "unauthenticated"
50  text "reverse dns"
50  text "ptr record"
50  text "rdns"
50  text "sender address rejected"
50  text "sender verify failed"
50  text "domain of sender"
50  text "sender domain"
50  text "sender" "denied"
50  text "client host rejected"
50  text "access denied"
50  text "not accepting mail from"
50  text "refused" "policy"
50  text "rejected" "policy"
50  text "blocked"
50  text "banned"
50  text "rate limit"

# ---- the name service, as others see it
21  text "host or domain name not found"
21  text "domain not found"
21  text "unknown host"
21  text "host unknown"
21  text "bad destination system"
21  text "unable to resolve"
21  text "name service error"

# ---- time
24  text "timed out"
24  text "timeout"
24  text "delivery time expired"

# ---- status codes
10  status *.1.1
10  status 5.1.0
10  status *.1.3
10  status *.1.6
21  status *.1.2
21  status *.1.10
50  status *.1.7
50  status *.1.8
10  status 5.2.1
20  status 4.2.1
22  status *.2.2
23  status *.2.3
22  status *.3.1
23  status *.3.4
24  status *.4.1
24  status *.4.2
21  status *.4.3
21  status *.4.4
24  status *.4.5
24  status *.4.7
20  status *.4.*
20  status *.5.*
40  status *.6.*
52  status 5.7.3?
50  status *.7.*
70  status 4.*.*

# ---- bare codes
22  reply 552 text "mailbox"
23  reply 552
70  reply 4*
54  reply 551
10  reply 553
30  reply 550 stage rcpt
40  reply 5*
`;
