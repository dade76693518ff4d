/** For the loader of modules: where `cloudflare:workers` is. */

export async function resolve(specifier: string, context: object, next: (specifier: string, context: object) => unknown) {
  if (specifier !== 'cloudflare:workers') return next(specifier, context);
  return { url: new URL('./cloudflare-workers.mjs', import.meta.url).href, shortCircuit: true };
}
