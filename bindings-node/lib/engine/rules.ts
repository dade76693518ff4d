/** Which rule a peer broke, as a value. */

export type ProtocolRule =
  | 'RESERVED_BITS'
  | 'RESERVED_OPCODE'
  | 'FRAGMENTED_CONTROL'
  | 'CONTROL_TOO_LONG'
  | 'UNMASKED'
  | 'MASKED'
  | 'NON_MINIMAL_LENGTH'
  | 'LENGTH_RANGE'
  | 'UNEXPECTED_CONTINUATION'
  | 'EXPECTED_CONTINUATION'
  | 'TEXT_NOT_UTF8'
  | 'DEFLATE'
  | 'CLOSE_BODY'
  | 'CLOSE_CODE'
  | 'CLOSE_REASON_NOT_UTF8'
  | 'FRAME_TOO_LONG'
  | 'MESSAGE_TOO_LONG'
  | 'TOO_MANY_FRAGMENTS';

/** @param name in the core */
export function ruleOf(name: string): ProtocolRule {
  return name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase() as ProtocolRule;
}
