import { PYTHON_CONTROLLER, PYTHON_DEVICE } from '../../core/control/python-names.ts';
import { DOT_COMMANDS } from './help.ts';

/**
 * Names that the end of a line can be completed to, and the part of the line that they replace. After a dot: what
 * the object has, in Python's spelling when there is an underscore. Nothing is called for it.
 */
export function complete(line: string, names: Readonly<Record<string, unknown>>): [string[], string] {
  if (/^\s*\.\w*$/.test(line)) {
    const typed = line.trim();
    return [DOT_COMMANDS.map(({ name }) => `.${name}`).filter((name) => name.startsWith(typed)), typed];
  }
  const [typed = '', path = '', part = ''] = /((?:[A-Za-z_$][\w$]*\.)*)([\w$]*)$/.exec(line) ?? [];
  const objects = path.split('.').slice(0, -1);
  let object: unknown = names;
  for (const name of objects) {
    object = isObject(object) ? Reflect.get(object, name) : undefined;
  }
  if (!isObject(object)) return [[], typed];
  const own = namesOf(object);
  const python = pythonNames(objects);
  const wantsPython = part.includes('_');
  const found = (wantsPython ? python : own).filter((name) => name.startsWith(part));
  return [found.sort().map((name) => path + name), typed];
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function namesOf(object: object): string[] {
  const names = new Set<string>();
  for (const key of Reflect.ownKeys(object)) if (typeof key === 'string') names.add(key);
  const prototype: unknown = Object.getPrototypeOf(object);
  if (isObject(prototype) && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    for (const name of namesOf(prototype)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

function pythonNames(objects: readonly string[]): string[] {
  const [only = ''] = objects;
  if (objects.length !== 1) return [];
  if (only === 'walbc') return [...PYTHON_CONTROLLER.keys()];
  return /wdev\d+$/.test(only) ? [...PYTHON_DEVICE.keys()] : [];
}
