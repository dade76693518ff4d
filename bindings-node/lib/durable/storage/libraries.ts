/** Which SQLite this process has. */

import { betterSqlite } from './better-sqlite';
import { nodeSqlite } from './node-sqlite';
import type { Library } from './sqlite';

let found: Library | undefined | null = null;

/** Node's own, else better-sqlite3 where it is installed. */
export function library(): Library | undefined {
  if (found === null) found = nodeSqlite() ?? betterSqlite();
  return found;
}

/** What is said where none is there, and one is needed. */
export const without = (what: string) => `wspair: ${what} needs Node 22.16 or later, or "npm install better-sqlite3"`;
