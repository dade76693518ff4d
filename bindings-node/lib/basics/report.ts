/** Where exceptions go that nobody can catch: those of listeners, and of objects. */

let reporter = (error: unknown) => {
  const line = lineOf(error);
  if (line === undefined) console.error('Uncaught', error);
  else console.error(line);
};

/** Has `report` called with each such exception, instead of printing it. */
export function setReporter(report: (error: unknown) => void): void {
  reporter = report;
}

export function report(error: unknown): void {
  reporter(error);
}

/** Of trouble with what is stored, a line says all: where in the program it was seen is no help. */
export function lineOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, text] = /^(?:wspair: )?((?<=^wspair: ).*|What the Durable Object wrote could not be stored: .*)$/.exec(error.message) ?? [];
  return text === undefined ? undefined : `wspair: ${text}`;
}
