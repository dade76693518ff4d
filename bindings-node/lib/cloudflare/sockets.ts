/** What Workers import as `cloudflare:sockets`. */

import { notProvided } from './missing';

export function connect(_address: unknown, _options?: object): never {
  throw notProvided('connect');
}
