/**
 * Whether a body is in the coding that its `Content-Encoding` names. What `fetch` gives is decoded
 * and keeps the field, so a Worker that passes such an answer on says what is no longer true.
 */

import zlib from 'node:zlib';

/**
 * @param codings the value of the field
 * @param beginning bytes that the body begins with
 * @param complete whether they are all of it
 */
export function isEncoded(codings: string, beginning: Buffer, complete: boolean): boolean {
  // The last one was applied last.
  const coding = codings.split(',').at(-1)!.trim().toLowerCase();
  const isIn = tests[coding];
  const all = complete && beginning.length <= SAMPLE;
  return isIn === undefined || isIn(beginning.subarray(0, SAMPLE), all);
}

type Test = (bytes: Buffer, all: boolean) => boolean;

const startsWith = (...magic: number[]): Test => (bytes) => magic.every((byte, at) => bytes[at] === byte);

/** For codings without a mark: decoding what is none fails after a few bytes, or at its end. */
const decodes = (decode: (bytes: Buffer, options: object) => Buffer, flush: number): Test => (bytes, all) => {
  try {
    decode(bytes, { maxOutputLength: 1 << 20, ...(!all && { finishFlush: flush }) });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  }
};

const tests: Record<string, Test | undefined> = {
  __proto__: null!,
  gzip: startsWith(0x1f, 0x8b),
  'x-gzip': startsWith(0x1f, 0x8b),
  zstd: startsWith(0x28, 0xb5, 0x2f, 0xfd),
  br: decodes(zlib.brotliDecompressSync, zlib.constants.BROTLI_OPERATION_FLUSH),
  // With or without the header of zlib: both are in use.
  deflate: (bytes, all) =>
    decodes(zlib.inflateSync, zlib.constants.Z_SYNC_FLUSH)(bytes, all) ||
    decodes(zlib.inflateRawSync, zlib.constants.Z_SYNC_FLUSH)(bytes, all),
};

/** Enough to tell. */
const SAMPLE = 1 << 10;
