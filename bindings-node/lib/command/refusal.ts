/** Ends the command with a line that says why. */
export class Refusal extends Error {}
