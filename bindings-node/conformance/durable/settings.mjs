// What a program's first comment says of the configuration that it needs: `// workerd: {…}`.
import { readFile } from 'node:fs/promises';

export async function settings(program) {
  const source = await readFile(new URL(`programs/${program}.mjs`, import.meta.url), 'utf8');
  const said = /^\/\/ workerd: (\{.*\})$/m.exec(source)?.[1];
  return { date: '2026-11-17', flags: [], classes: ['Obj'], sql: true, together: false, ...(said === undefined ? {} : JSON.parse(said)) };
}
