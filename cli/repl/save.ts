import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FormatError } from '../../core/errors.ts';
import type { Shell } from '../../scenarios/lib/shell/shell.ts';
import type { SessionOptions } from './session.ts';

/** A line of a session, and what became of it. */
export interface TypedLine {
  readonly typed: string;
  /** As JavaScript inside of an async function. */
  readonly statements: string;
  /** Names that it gives values to. */
  readonly assigned: readonly string[];
  readonly outcome:
    | { readonly kind: 'done' | 'interrupted' }
    | { readonly kind: 'refused'; readonly reason: string };
  /** Virtual time before it. */
  readonly atText: string;
}

/** Writes a session as a scenario file, and returns the command that runs it. Throws FormatError for other names. */
export function saveSession(
  path: string,
  options: SessionOptions,
  shell: Shell,
  lines: readonly TypedLine[],
): string {
  if (typeof path !== 'string' || !/\.ts$/.test(path))
    throw new FormatError('a file name that ends in .ts is expected');
  writeFileSync(path, scenarioText(path, options, shell, lines));
  return `${lines.length} lines saved; run them by: npx walbox run ${/^[./]/.test(path) ? path : `./${path}`} --seed ${options.seed}`;
}

/** The text of the scenario file. */
export function scenarioText(
  path: string,
  options: SessionOptions,
  shell: Shell,
  allLines: readonly TypedLine[],
): string {
  // A line that only looks at a variable does nothing.
  const lines = allLines.filter(({ statements }) => /[(=]/.test(statements));
  const name = basename(path, '.ts')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  const { servers, devices, ...rest } = shell;
  const assigned = new Set(lines.flatMap((line) => line.assigned));
  /** What the lines use of an object; a name that they give another value is a variable. */
  const take = (of: object, from: string): string[] => {
    const used = Object.keys(of).filter((one) => isUsed(one, lines));
    const declare = (keyword: string, list: readonly string[]) =>
      list.length === 0 ? [] : [`    ${keyword} { ${list.join(', ')} } = ${from};`];
    return [
      ...declare(
        'const',
        used.filter((one) => !assigned.has(one)),
      ),
      ...declare(
        'let',
        used.filter((one) => assigned.has(one)),
      ),
    ];
  };
  const given = new Set([servers, devices, rest].flatMap(Object.keys));
  const variables = [...assigned].filter((one) => !given.has(one));
  return [
    "import { shellScenario } from 'walbox/scenarios';",
    '',
    '/** A session of walbox repl. Each line does here what it did there; change it as you like. */',
    `export const saved = shellScenario({`,
    `  name: ${quoted(name)},`,
    `  purpose: ${quoted(`A saved session of ${lines.length} lines does again what it did`)},`,
    `  layout: ${quoted(options.layout)},`,
    ...(options.spares === '//' ? [] : [`  spares: ${quoted(options.spares)},`]),
    `  deviceCount: ${options.deviceCount},`,
    `  deviceMib: ${options.deviceMib},`,
    `  logMib: ${options.logMib},`,
    `  async tell(shell) {`,
    ...take(servers, 'shell.servers'),
    ...take(devices, 'shell.devices'),
    ...take(rest, 'shell'),
    ...(variables.length === 0 ? [] : [`    let ${variables.join(', ')};`]),
    ...lines
      .map(lineText)
      .flatMap((text) => text.split('\n').map((line) => (line === '' ? '' : `    ${line}`))),
    '  },',
    '});',
    '',
  ].join('\n');
}

function lineText({ typed, statements, outcome, atText }: TypedLine): string {
  const comment = `// ${atText} > ${typed.replaceAll('\n', '\n//                ')}`;
  switch (outcome.kind) {
    case 'done':
      return `${comment}\n${statements}`;
    case 'interrupted':
      return `${comment}\n// This was interrupted, so it is not repeated.`;
    case 'refused':
      return `${comment}\nawait refused(async () => {\n${indented(statements)}\n}, ${quoted(outcome.reason)});`;
  }
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

/** Whether a name stands in what lines do: as a word that is no property. */
function isUsed(name: string, lines: readonly TypedLine[]): boolean {
  if (name === 'refused' && lines.some(({ outcome }) => outcome.kind === 'refused')) return true;
  const word = new RegExp(`(?<![\\w$.])${name}(?![\\w$])`);
  return lines.some(({ statements, assigned }) => word.test(statements) || assigned.includes(name));
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
