/** What Workers import as `cloudflare:email`. */

import { notProvided } from './missing';

export class EmailMessage {
  constructor(_from: string, _to: string, _raw: unknown) {
    throw notProvided('EmailMessage');
  }
}
