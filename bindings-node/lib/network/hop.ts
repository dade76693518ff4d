/**
 * Fields that belong to one hop (RFC 9110 7.6.1): how this connection is framed and kept says
 * nothing about the next one, so whoever passes a message on writes its own.
 */

/**
 * Those of a request's fields that may be passed on.
 *
 * @param kept names in lower case that may, too
 */
export function passedOn(fields: [string, string][], kept: readonly string[] = []): [string, string][] {
  const named = new Set(fields.filter(([name]) => isName(name, 'connection')).flatMap(([, value]) => tokens(value)));
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return kept.includes(lower) || !(ofOneHop.has(lower) || lower.startsWith('proxy-') || named.has(lower));
  });
}

/** Whether the field of that name, in lower case, is of one hop whatever `Connection` says. */
export function isOfOneHop(name: string): boolean {
  return ofOneHop.has(name);
}

export function isName(name: string, wanted: string): boolean {
  return name.length === wanted.length && name.toLowerCase() === wanted;
}

function tokens(list: string): string[] {
  return list.split(',').map((token) => token.trim().toLowerCase());
}

const ofOneHop = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
