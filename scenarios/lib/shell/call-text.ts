/** A call as it is typed: servers by name, texts in quotes, bytes by their number. */
export function callText(name: string, args: readonly unknown[]): string {
  const given = [...args];
  while (given.length > 0 && given.at(-1) === undefined) given.pop();
  return `${name}(${given.map(argumentText).join(', ')})`;
}

function argumentText(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (Array.isArray(value)) return `[${value.map(argumentText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    if ('kind' in value && 'name' in value) return String(value.name);
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${argumentText(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return typeof value === 'function' ? '...' : String(value);
}
