// Content-Transfer-Encoding quoted-printable (RFC 2045 section 6.7), for octets in lines that end with CRLF.

const LINE_MAX = 76;

export function quotedPrintable(text: string): string {
  return text.split('\r\n').map(encodedLine).join('\r\n');
}

function encodedLine(line: string): string {
  let rest = line.replace(/[^\t\x20-\x3c\x3e-\x7e]|[\t ]$/g, encodedOctet);
  let lines = '';
  while (rest.length > LINE_MAX) {
    let end = LINE_MAX - 1; // the soft line break takes one place
    if (rest[end - 1] === '=') end -= 1;
    else if (rest[end - 2] === '=') end -= 2;
    lines += `${rest.slice(0, end)}=\r\n`;
    rest = rest.slice(end);
  }
  return lines + rest;
}

function encodedOctet(octet: string): string {
  return `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
