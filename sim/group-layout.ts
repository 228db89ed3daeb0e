import { FormatError } from '../core/errors.ts';

/** Names of the servers of a group; the order matters as in a ServerLayout. */
export interface GroupLayout {
  readonly storages: readonly string[];
  readonly proxies: readonly string[];
  readonly archives: readonly string[];
}

/**
 * Servers that stand ready beside a layout to replace others, written as a layout whose parts may be empty
 * (`s2//`). Throws FormatError.
 */
export function parseSpares(text: string): GroupLayout {
  return parseParts(text, false);
}

/** Reads `s0,s1/p0,p1/a0,a1`. Throws FormatError. */
export function parseGroupLayout(text: string): GroupLayout {
  return parseParts(text, true);
}

function parseParts(text: string, needsAll: boolean): GroupLayout {
  const parts = text.split('/').map((part) => part.split(',').filter((name) => name !== ''));
  const [storages, proxies, archives] = parts;
  if (parts.length !== 3 || storages === undefined || proxies === undefined || archives === undefined) {
    throw new FormatError(`A layout is storages/proxies/archives, for instance s0/p0/a0; got ${text}.`);
  }
  const names = [...storages, ...proxies, ...archives];
  if (needsAll && parts.some((part) => part.length === 0)) {
    throw new FormatError(`A layout needs a storage, a proxy and an archive; got ${text}.`);
  }
  for (const name of names) {
    if (!/^[a-z][a-z0-9-]*$/.test(name))
      throw new FormatError(`A server name is letters and digits, got ${name}.`);
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new FormatError(`Two servers are named ${name}.`);
  }
  return { storages, proxies, archives };
}
