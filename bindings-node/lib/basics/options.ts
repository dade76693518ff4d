/** Options, checked where a program gives them: what is mistyped is told, with what there is and what is allowed. */

import { inspect } from 'node:util';

export interface Rule {
  /** What is allowed, to be read behind "must be". */
  readonly what: string;
  isType(value: unknown): boolean;
  fits?(value: any): boolean;
  /** Of an object that is an option: its own. */
  readonly options?: Rules;
}

export type Rules = { readonly [name: string]: Rule };

/**
 * Throws a `TypeError` for an unknown name and for a value of the wrong type, a `RangeError` for one
 * out of range. What is undefined is not given.
 *
 * @param owner whose options they are
 */
export function checkOptions(owner: string, given: unknown, rules: Rules, path = ''): void {
  if (!isObject(given)) throw typeError(`The options of ${owner} must be an object, not ${shown(given)}.`);
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name]! : undefined;
    if (rule === undefined) {
      throw typeError(`"${path}${name}" is no option of ${owner}. There are: ${Object.keys(rules).map((known) => path + known).join(', ')}.`);
    }
    if (value === undefined) continue;
    const message = `Option "${path}${name}" must be ${rule.what}, not ${shown(value)}.`;
    if (!rule.isType(value)) throw typeError(message);
    if (rule.options !== undefined && isObject(value)) checkOptions(owner, value, rule.options, `${path}${name}.`);
    else if (rule.fits?.(value) === false) throw Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
  }
}

/** A wrong argument of a method, told alike. */
export function wrongValue(method: string, what: string, value: unknown): TypeError {
  return typeError(`${method} takes ${what}, not ${shown(value)}.`);
}

export const boolean: Rule = { what: 'true or false', isType: (value) => typeof value === 'boolean' };
export const text: Rule = { what: 'a text', isType: (value) => typeof value === 'string' };
export const anything: Rule = { what: 'anything', isType: () => true };

/** How many, with none allowed from `least` on only. */
export const count = (unit: string, least = 0): Rule => ({
  what: `a whole number of ${unit} from ${least} on, or Infinity`,
  isType: isNumber,
  fits: (value) => value === Infinity || (Number.isInteger(value) && value >= least),
});

export const between = (least: number, most: number): Rule => ({
  what: `a whole number from ${least} to ${most}`,
  isType: isNumber,
  fits: (value) => Number.isInteger(value) && value >= least && value <= most,
});

export const milliseconds: Rule = {
  what: 'a number of milliseconds above 0, or Infinity',
  isType: isNumber,
  fits: (value) => value > 0,
};

export const texts: Rule = {
  what: 'a list of texts',
  isType: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

export const object = (what: string, options?: Rules): Rule => ({ what, isType: isObject, ...(options && { options }) });

/** Also a boolean, for what is usual or nothing. */
export const booleanOr = (rule: Rule): Rule => ({
  ...rule,
  what: `true, false or ${rule.what}`,
  isType: (value) => typeof value === 'boolean' || rule.isType(value),
});

/** Name and value, any number of times. What they are is looked at when they are read. */
export const fields: Rule = {
  what: 'pairs of texts, as [["name", "value"]] or Headers',
  isType: (value) => isObject(value) && Symbol.iterator in value,
};

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function typeError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 60, breakLength: Infinity });
}
