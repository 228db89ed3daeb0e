/**
 * Hooks for files that people write, registered by choose.ts in front of tsx. `walbox` and its entries are those of this
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
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!/^walbox(\/|$)/.test(specifier)) throw error;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
};
