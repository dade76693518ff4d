/** Where exceptions go that nobody can catch: those of listeners. */

let reporter = (error: unknown) => console.error('Uncaught', error);

/** Has `report` called with each such exception, instead of printing it. */
export function setReporter(report: (error: unknown) => void): void {
  reporter = report;
}

export function report(error: unknown): void {
  reporter(error);
}
