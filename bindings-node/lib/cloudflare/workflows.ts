/** What Workers import as `cloudflare:workflows`. */

/** Ends a workflow's step without another try. */
export class NonRetryableError extends Error {
  constructor(message: string, name = 'NonRetryableError') {
    super(message);
    this.name = name;
  }
}
