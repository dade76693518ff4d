/** What this package's own tests reach into; no part of its surface. */

export { report, setReporter } from './basics/report';
export { native } from './engine/native';
export { ClientEnd } from './network/client-end';
export { hostFor, newest } from './runtime';
export { Compat } from './web/compat';
export { endOnWire, takeEnd } from './web/ends';
export { Wire } from './web/wire';
