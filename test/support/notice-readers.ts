// Delivery status notifications as other programs read them: three parsers that have nothing of ours and nothing of each
// other, each asked for the same facts.
import { execFileSync, spawnSync } from 'node:child_process';
import { Splitter } from '@zone-eu/mailsplit';
import PostalMime from 'postal-mime';

/** A recipient of the report. */
export interface ReportedRecipient {
  readonly finalRecipient: string;
  readonly originalRecipient: string | null;
  readonly action: string;
  readonly status: string;
  readonly diagnostic: string | null;
}

/** What a parser finds in a notice. */
export interface ReadNotice {
  readonly subject: string;
  /** Types of the parts, in lower case. */
  readonly types: readonly string[];
  readonly recipients: readonly ReportedRecipient[];
}

export type NoticeReader = (octets: Buffer) => Promise<ReadNotice>;

/** Groups of fields, each ended by a blank line (RFC 3464 section 2.1); the first is about the message. */
function recipientsOf(status: string): ReportedRecipient[] {
  const groups = status
    .replace(/\r?\n[\t ]+/g, ' ')
    .split(/\r?\n\r?\n/)
    .filter((group) => group.trim() !== '');
  return groups.slice(1).map((group) => {
    const field = (name: string): string | null =>
      new RegExp(`^${name}:[ \t]*(.*?)\r?$`, 'im').exec(group)?.[1] ?? null;
    return {
      finalRecipient: field('Final-Recipient') ?? '',
      originalRecipient: field('Original-Recipient'),
      action: field('Action') ?? '',
      status: field('Status') ?? '',
      diagnostic: field('Diagnostic-Code'),
    };
  });
}

const readByPostalMime: NoticeReader = async (octets) => {
  const mail = await PostalMime.parse(octets, { forceRfc822Attachments: true });
  const types = mail.attachments.map(({ mimeType }) => mimeType.toLowerCase());
  const status = mail.attachments.find(({ mimeType }) => mimeType === 'message/delivery-status')!;
  const text = Buffer.from(status.content as ArrayBuffer).toString('latin1');
  return {
    subject: mail.subject ?? '',
    types: [...(mail.text === undefined ? [] : ['text/plain']), ...types],
    recipients: recipientsOf(text),
  };
};

const readByMailsplit: NoticeReader = async (octets) => {
  const splitter = new Splitter({ ignoreEmbedded: true });
  const nodes: { type: string; body: string }[] = [];
  let subject = '';
  splitter.end(octets);
  for await (const data of splitter) {
    if (data.type === 'node') {
      if (nodes.length === 0) subject = data.headers.getFirst('subject');
      nodes.push({ type: data.contentType || 'text/plain', body: '' });
    } else if (data.type === 'body') nodes.at(-1)!.body += data.value.toString('latin1');
  }
  const status = nodes.find(({ type }) => type === 'message/delivery-status');
  return {
    subject,
    types: nodes.slice(1).map(({ type }) => type),
    recipients: recipientsOf(status?.body ?? ''),
  };
};

/** Reads a message on its standard input and prints the facts as JSON. */
const PYTHON_READER = `
import email, email.policy, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.compat32)
parts = message.get_payload()
status = [part for part in parts if part.get_content_type() == "message/delivery-status"][0]
clean = lambda value: None if value is None else " ".join(str(value).split())
print(json.dumps({
    "subject": message["Subject"],
    "defects": [str(defect) for part in message.walk() for defect in part.defects],
    "types": [part.get_content_type() for part in parts],
    "recipients": [{
        "finalRecipient": clean(group["Final-Recipient"]),
        "originalRecipient": clean(group["Original-Recipient"]),
        "action": group["Action"],
        "status": group["Status"],
        "diagnostic": clean(group["Diagnostic-Code"]),
    } for group in status.get_payload()[1:]],
}))
`;

const readByPython: NoticeReader = async (octets) => {
  const { defects, ...notice } = JSON.parse(
    execFileSync('python3', ['-c', PYTHON_READER], { input: octets }).toString(),
  );
  if (defects.length > 0) throw new Error(`python finds defects: ${defects}`);
  return notice;
};

export const NOTICE_READERS: Readonly<Record<string, NoticeReader>> = {
  'postal-mime': readByPostalMime,
  '@zone-eu/mailsplit': readByMailsplit,
};

/** Null where there is no Python 3. */
export const PYTHON_NOTICE_READER: NoticeReader | null =
  spawnSync('python3', ['-c', 'import email']).status === 0 ? readByPython : null;
