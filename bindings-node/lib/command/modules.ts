/**
 * Modules as a bundler takes them, which Workers are written for: extensions are left out, `.js` stands for `.ts`, and
 * texts, data, WebAssembly and JSON are imported. Only for what is the Worker's own: packages are written for Node.
 */

import { readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface ResolveContext {
  parentURL?: string | undefined;
}
interface LoadContext {
  format?: string | null | undefined;
  conditions?: readonly string[] | undefined;
  importAttributes?: { type?: string } | undefined;
}
interface Loaded {
  format: string;
  source: string;
  shortCircuit: true;
}
type Load = (url: string, context: LoadContext) => unknown;

/** From Node 22.15 and 23.5 on. */
interface Hooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: ResolveContext, next: (specifier: string, context: ResolveContext) => unknown): unknown;
    load: (url: string, context: LoadContext, next: Load) => unknown;
  }): void;
}

/** Has Node load them from now on. */
export function registerWorkerModules(): void {
  const { register, registerHooks } = module as typeof module & Hooks;
  if (registerHooks !== undefined) registerHooks({ resolve: (specifier, context, next) => next(resolved(specifier, context), context), load });
  else register(pathToFileURL(path.join(__dirname, 'modules-hook.mjs')));
}

/** What a specifier stands for, or itself. */
export function resolved(specifier: string, { parentURL }: ResolveContext): string {
  if (!/^\.{0,2}\//.test(specifier) || parentURL === undefined || !isOwn(parentURL)) return specifier;
  const url = new URL(specifier, parentURL);
  const file = fileURLToPath(url);
  if (isFile(file)) return specifier;
  const typed = /\.[cm]?jsx?$/.test(file) ? [file.replace(/js(x?)$/, 'ts$1')] : [];
  const found = [...typed, ...extensions.map((extension) => file + extension), ...extensions.map((extension) => path.join(file, `index${extension}`))].find(isFile);
  return found === undefined ? specifier : pathToFileURL(found).href + url.search;
}

const extensions = ['.ts', '.tsx', '.mts', '.js', '.mjs', '.json'];

export function load(url: string, context: LoadContext, next: Load): unknown {
  if (!isOwn(url) || !isImported(context)) return next(url, context);
  const extension = path.extname(new URL(url).pathname);
  const make = contents[extension];
  if (make !== undefined && context.importAttributes?.type === undefined) {
    return { format: 'module', source: make(readBytes(url)), shortCircuit: true } satisfies Loaded;
  }
  // Workers have no other modules, whatever their package.json says.
  if (/^\.m?ts$/.test(extension) && runsTypes) return next(url, { ...context, format: 'module-typescript' });
  if (extension === '.js' && moduleSyntax.test(readBytes(url).toString())) return next(url, { ...context, format: 'module' });
  return next(url, context);
}

const runsTypes = Boolean((process.features as { typescript?: string | false }).typescript);

const moduleSyntax = /^\s*(?:import(?:\s+\w|\s*[{*'"])|export(?:\s+\w|\s*[{*]))/m;

/** The source of a module that gives what is in a file, as wrangler's rules have it unless told otherwise. */
const contents: Record<string, ((bytes: Buffer) => string) | undefined> = {
  ...Object.fromEntries(['.txt', '.html', '.sql'].map((extension) => [extension, (bytes: Buffer) => `export default ${JSON.stringify(bytes.toString())};`])),
  '.json': (bytes) => `export default ${JSON.stringify(JSON.parse(bytes.toString()))};`,
  '.bin': (bytes) => `export default Uint8Array.from(Buffer.from('${bytes.toString('base64')}', 'base64')).buffer;`,
  '.wasm': (bytes) => `export default new WebAssembly.Module(Buffer.from('${bytes.toString('base64')}', 'base64'));`,
};

/** In Node's thread of module hooks it always is, and Node 20 does not say so. */
const isImported = ({ conditions = ['import'] }: LoadContext): boolean => conditions.includes('import');

const readBytes = (url: string): Buffer => readFileSync(fileURLToPath(url));

const isOwn = (url: string): boolean => url.startsWith('file:') && !url.includes('/node_modules/');

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
