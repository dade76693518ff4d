// Not by a reference, which would not look for this package in itself.
import 'wspair/cloudflare';

declare global {
  type DurableObjectNamespace<T = unknown> = import('wspair').DurableObjectNamespace<T>;
}
