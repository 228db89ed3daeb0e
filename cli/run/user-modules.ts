/**
 * Hooks for files that people write, registered by choose.ts on both sides of tsx. `walbox` and its entries are those of this
 * package wherever the file cannot find any (`npx walbox run ./FILE` in an empty folder), and TypeScript is a module,
 * whatever the nearest package.json says.
 */

interface Resolved {
  readonly url: string;
  readonly format?: string | null;
}

type Context = Readonly<Record<string, unknown>>;

/** Told every import; see Node's documentation of module.register. */
export async function resolve(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Promise<Resolved>,
): Promise<Resolved> {
  const found = await resolveOwn(specifier, context, next);
  const isTypeScript = /\.ts(\?|$)/.test(found.url) && !found.url.includes('/node_modules/');
  return isTypeScript ? { ...found, format: 'module' } : found;
}

const resolveOwn: typeof resolve = async (specifier, context, next) => {
  if (!/^walbox(\/|$)/.test(specifier)) return next(specifier, context);
  // Not through tsx, which knows its imports by the end of the parent: it would load all of walbox a second time.
  const [parentURL] = String(context.parentURL).split('?', 1);
  try {
    return await next(specifier, { ...context, parentURL });
  } catch {
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
};
