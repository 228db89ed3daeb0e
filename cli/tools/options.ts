/**
 * Command lines of the tools, in the dialect of the original: options are words behind one dash, in any place among the
 * arguments; what begins with a dash and a digit, or is a dash alone, is no option. See docs/tools.md, "Options".
 */
import { errorText, FormatError } from '../../core/errors.ts';
import { ALL_ONES_TEXT } from '../../core/format/binary.ts';
import { parseOptionInteger } from '../../core/format/size-text.ts';
import type { Lsid } from '../../core/units.ts';

/** One option or argument of a tool, read into a `T`. Made by the functions below. */
export interface OptionSpec<T> {
  /** Without its dash; null for an argument, which is known by its place. */
  readonly name: string | null;
  /** What stands for the value in the help, for instance `PATH`. */
  readonly valueName: string;
  readonly takes: 'nothing' | 'one' | 'many';
  readonly isNecessary: boolean;
  readonly help: string;
  /** When it is not given; null when the help has nothing to say about it. */
  readonly absentText: string | null;
  readonly absent: T;
  /** Throws FormatError for a bad value. */
  readonly read: (texts: readonly string[]) => T;
}

/** Options and arguments of a tool, by the names that its program uses. Arguments stand in their order. */
export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** What a command line says. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends OptionSpec<infer T> ? T : never;
};

/** A command line that does not fit the table: the text behind `OptionError:`. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** Given or not. */
export function flag(name: string, help: string): OptionSpec<boolean> {
  return {
    name,
    valueName: '',
    takes: 'nothing',
    isNecessary: false,
    help,
    absentText: null,
    absent: false,
    read: () => true,
  };
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function readInteger(text: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds): number {
  const value = parseOptionInteger(text);
  if (value < min || value > max) throw new FormatError(`${min} to ${max} expected`);
  return value;
}

/** An integer: decimal with an optional suffix `k m g K M G`, or hexadecimal behind `0x`. */
export function integer(
  name: string,
  valueName: string,
  help: string,
  absent: number,
  bounds: Bounds = {},
): OptionSpec<number> {
  const read = ([text]: readonly string[]) => readInteger(text, bounds);
  const absentText = String(absent);
  return { name, valueName, takes: 'one', isNecessary: false, help, absentText, absent, read };
}

/** An integer that may be negative. */
export function signedInteger(
  name: string,
  valueName: string,
  help: string,
  absent: number,
): OptionSpec<number> {
  const read = ([text]: readonly string[]) =>
    text.startsWith('-') ? -readInteger(text.slice(1), {}) : readInteger(text, {});
  const absentText = String(absent);
  return { name, valueName, takes: 'one', isNecessary: false, help, absentText, absent, read };
}

/** An integer that may be left out: null then. */
export function optionalInteger(
  name: string,
  valueName: string,
  help: string,
  bounds: Bounds = {},
): OptionSpec<number | null> {
  const read = ([text]: readonly string[]) => readInteger(text, bounds);
  return { name, valueName, takes: 'one', isNecessary: false, help, absentText: null, absent: null, read };
}

/** An lsid; all ones, or nothing given, is null: no limit. */
export function lsidLimit(name: string, help: string): OptionSpec<Lsid | null> {
  const read = ([text]: readonly string[]) =>
    text === ALL_ONES_TEXT || /^0x[fF]{16}$/.test(text) ? null : readInteger(text, {});
  return {
    name,
    valueName: 'LSID',
    takes: 'one',
    isNecessary: false,
    help,
    absentText: 'no limit',
    absent: null,
    read,
  };
}

/** A text. */
export function text(name: string, valueName: string, help: string, absent: string): OptionSpec<string> {
  const read = ([value]: readonly string[]) => value;
  const absentText = absent === '' ? null : absent;
  return { name, valueName, takes: 'one', isNecessary: false, help, absentText, absent, read };
}

/** A text that must be given. */
export function necessaryText(name: string, valueName: string, help: string): OptionSpec<string> {
  const read = ([value]: readonly string[]) => value;
  return { name, valueName, takes: 'one', isNecessary: true, help, absentText: null, absent: '', read };
}

/** Texts up to the next option; may be given several times. */
export function texts(name: string, valueName: string, help: string): OptionSpec<readonly string[]> {
  const read = (values: readonly string[]) => values;
  return { name, valueName, takes: 'many', isNecessary: false, help, absentText: null, absent: [], read };
}

/** An argument that must be given. */
export function argument(valueName: string, help: string): OptionSpec<string> {
  const read = ([value]: readonly string[]) => value;
  return { name: null, valueName, takes: 'one', isNecessary: true, help, absentText: null, absent: '', read };
}

/** An argument that must be given, an integer. */
export function integerArgument(valueName: string, help: string, bounds: Bounds = {}): OptionSpec<number> {
  const read = ([value]: readonly string[]) => readInteger(value, bounds);
  return { name: null, valueName, takes: 'one', isNecessary: true, help, absentText: null, absent: 0, read };
}

/** An argument that may be left out. */
export function optionalArgument(valueName: string, help: string, absent: string): OptionSpec<string> {
  const read = ([value]: readonly string[]) => value;
  return { name: null, valueName, takes: 'one', isNecessary: false, help, absentText: absent, absent, read };
}

/** All arguments that are left. */
export function restArguments(
  valueName: string,
  help: string,
  isNecessary: boolean,
): OptionSpec<readonly string[]> {
  const read = (values: readonly string[]) => values;
  return { name: null, valueName, takes: 'many', isNecessary, help, absentText: null, absent: [], read };
}

/**
 * What a text that was given for an option says, read by `read`. An error says which option it was and what it must be:
 * none of an input, although it comes up while one is open.
 */
export function readOption<T>(name: string, value: string, form: string, read: (text: string) => T): T {
  try {
    return read(value);
  } catch (error) {
    throw new Error(`${errorText(error)}: -${name} must be ${form}`);
  }
}

/** Whether a word is an option rather than a value: `-5` and `-` are values. */
function isOption(word: string): boolean {
  return word.length > 1 && word[0] === '-' && !/[0-9]/.test(word[1]);
}

/** Words that ask for the help. */
const HELP_WORDS: readonly string[] = ['-h', '-help', '--help'];

/** Reads a command line; null when it asks for the help. Throws OptionError. */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  words: readonly string[],
): OptionValues<Table> | null {
  const given = new Map<string, string[]>();
  const keys = Object.keys(table);
  const keyOf = new Map(
    keys.flatMap((key) => (table[key].name === null ? [] : [[`-${table[key].name}`, key]])),
  );
  const places = keys.filter((key) => table[key].name === null);
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const key = isOption(word) ? keyOf.get(word) : argumentKey(table, places, given);
    if (key === undefined) {
      if (HELP_WORDS.includes(word)) return null;
      throw new OptionError(isOption(word) ? `bad opt:${word}` : `redundant argVal:${word}`);
    }
    const values = given.get(key) ?? [];
    given.set(key, values);
    const { name, takes } = table[key];
    if (name === null) {
      values.push(word);
    } else if (takes === 'one') {
      if (++at === words.length) throw new OptionError(`no value:${word}`);
      values.splice(0, values.length, words[at]);
    } else if (takes === 'many') {
      const count = values.length;
      while (at + 1 < words.length && !isOption(words[at + 1])) values.push(words[++at]);
      if (values.length === count) throw new OptionError(`no value:${word}`);
    }
  }
  const entries = keys.map((key) => [key, readValue(table[key], given.get(key))] as const);
  return Object.fromEntries(entries) as OptionValues<Table>;
}

/** The argument that the next word without a dash belongs to; undefined when there are too many. */
function argumentKey(
  table: OptionTable,
  places: readonly string[],
  given: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  return places.find((key) => table[key].takes === 'many' || !given.has(key));
}

function readValue(spec: OptionSpec<unknown>, values: readonly string[] | undefined): unknown {
  const { name, valueName, isNecessary, absent, read } = spec;
  if (values === undefined) {
    if (!isNecessary) return absent;
    throw new OptionError(name === null ? `param is necessary:${valueName}` : `opt is necessary:-${name}`);
  }
  try {
    return read(values);
  } catch (error) {
    const where = name === null ? valueName : `-${name}`;
    throw new OptionError(`bad value:${where}:${values.join(' ')}:${errorText(error)}`);
  }
}

/** What the help says about a tool. */
export interface HelpTexts {
  readonly name: string;
  readonly summary: string;
  readonly table: OptionTable;
  /** More about it, one paragraph a text. */
  readonly notes?: readonly string[];
  /** Command lines that can be pasted. */
  readonly examples: readonly string[];
}

const HELP_COLUMN = 24;

/** The help of a tool, which is its usage as well. */
export function helpText({ name, summary, table, notes = [], examples }: HelpTexts): string {
  const specs = Object.values(table);
  const options = specs.filter((spec) => spec.name !== null);
  const places = specs.filter((spec) => spec.name === null);
  const words = [name, ...options.filter((spec) => spec.isNecessary).map(optionWords)];
  if (options.some((spec) => !spec.isNecessary)) words.push('[options]');
  for (const { valueName, takes, isNecessary } of places) {
    const word = takes === 'many' ? `${valueName}...` : valueName;
    words.push(isNecessary ? word : `[${word}]`);
  }
  const lines = [`Usage: ${words.join(' ')}`, `  ${summary}`];
  for (const note of notes) lines.push('', ...note.split('\n').map((line) => `  ${line}`));
  if (places.length > 0)
    lines.push('', 'Arguments:', ...places.map((spec) => helpLine(spec.valueName, spec)));
  lines.push('', 'Options:', ...options.map((spec) => helpLine(optionWords(spec), spec)));
  lines.push(`  ${'-h'.padEnd(HELP_COLUMN)}this help`);
  if (options.some((spec) => spec.valueName !== '')) {
    lines.push('', '  Integers: 0x.. hexadecimal; suffixes k m g are powers of 1000, K M G of 1024.');
  }
  if (examples.length > 0) lines.push('', 'Examples:', ...examples.map((example) => `  ${example}`));
  return `${lines.join('\n')}\n`;
}

function optionWords({ name, valueName, takes }: OptionSpec<unknown>): string {
  if (takes === 'nothing') return `-${name}`;
  return `-${name} ${valueName}${takes === 'many' ? '...' : ''}`;
}

function helpLine(words: string, { help, absentText }: OptionSpec<unknown>): string {
  const about = absentText === null ? help : `${help} (${absentText})`;
  const gap = words.length < HELP_COLUMN ? '' : `\n  ${' '.repeat(HELP_COLUMN)}`;
  return `  ${words.padEnd(HELP_COLUMN)}${gap}${about}`;
}
