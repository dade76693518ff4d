/** What the runtime has and this package does not says so when it is used; importing it is no mistake. */
export function notProvided(name: string): Error {
  return new Error(`wspair does not provide ${name} (it runs Durable Objects of one Worker on one machine)`);
}
