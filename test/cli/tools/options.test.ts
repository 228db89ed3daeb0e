import { describe, expect, it } from 'vitest';
import {
  argument,
  flag,
  helpText,
  integer,
  lsidLimit,
  necessaryText,
  OptionError,
  type OptionTable,
  optionalArgument,
  parseOptions,
  restArguments,
  text,
  texts,
} from '../../../cli/tools/options.ts';

const TABLE = {
  all: flag('all', 'everything'),
  long: flag('-long', 'two dashes'),
  size: integer('s', 'BYTES', 'size', 7, { max: 1 << 20 }),
  end: lsidLimit('e', 'end'),
  output: text('o', 'PATH', 'output', '-'),
  inputs: texts('i', 'PATH', 'inputs'),
  first: argument('FIRST', 'the first'),
  second: optionalArgument('SECOND', 'the second', 'none'),
};

const parse = (...words: string[]) => parseOptions(TABLE, words);

function errorOf(table: OptionTable, ...words: string[]): string {
  try {
    parseOptions(table, words);
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('options', () => {
  it('take their defaults', () => {
    expect(parse('a')).toEqual({
      all: false,
      long: false,
      size: 7,
      end: null,
      output: '-',
      inputs: [],
      first: 'a',
      second: 'none',
    });
  });

  it('mix with arguments in any order', () => {
    expect(parse('a', '-s', '10', 'b', '-all', '--long')).toMatchObject({
      size: 10,
      all: true,
      long: true,
      first: 'a',
      second: 'b',
    });
    expect(parse('-i', 'x', 'y', '-o', '-', 'a', '-i', 'z')).toMatchObject({
      inputs: ['x', 'y', 'z'],
      output: '-',
      first: 'a',
    });
  });

  it('take a dash, and a dash with a digit, for values', () => {
    expect(parse('-', '-5')).toMatchObject({ first: '-', second: '-5' });
    expect(parse('-i', '-', '-1', '-all', 'a')?.inputs).toEqual(['-', '-1']);
    // The value of an option may begin like another option.
    expect(parse('-o', '-all', 'a')).toMatchObject({ output: '-all', all: false });
  });

  it.each([
    ['0x10', 16],
    ['12', 12],
    ['3k', 3000],
    ['3K', 3072],
    ['1M', 1 << 20],
  ])('read the integer %s', (word, value) => {
    expect(parse('-s', word, 'a')?.size).toBe(value);
  });

  it('the last one counts', () => {
    expect(parse('-s', '1', 'a', '-s', '2')?.size).toBe(2);
  });

  it('read all ones as no limit', () => {
    for (const word of ['18446744073709551615', '0xffffffffffffffff'])
      expect(parse('-e', word, 'a')?.end).toBeNull();
    expect(parse('-e', '5', 'a')?.end).toBe(5);
  });

  it.each([
    [['a', '-foo'], 'bad opt:-foo'],
    [['a', '-s'], 'no value:-s'],
    [['a', '-i', '-all'], 'no value:-i'],
    [['-all'], 'param is necessary:FIRST'],
    [['a', 'b', 'c'], 'redundant argVal:c'],
    [['a', '-s', '2M'], 'bad value:-s:2M:0 to 1048576 expected'],
    [['a', '-s', '9007199254740993'], 'bad value:-s:9007199254740993:fromUnitIntString: overflow.'],
  ])('refuse %j', (words, message) => {
    expect(errorOf(TABLE, ...words)).toBe(message);
  });

  it.each(['x', '-1', '', '1.5', '1kk', '0xg', '1e3'])('refuse %j as an integer', (word) => {
    expect(errorOf(TABLE, 'a', '-s', word)).toMatch(`bad value:-s:${word}:`);
  });

  it('refuse a necessary option or argument that is missing', () => {
    expect(errorOf({ base: necessaryText('i', 'PATH', 'base') })).toBe('opt is necessary:-i');
    expect(errorOf({ all: restArguments('PATH', 'files', true) })).toBe('param is necessary:PATH');
    expect(parseOptions({ all: restArguments('PATH', 'files', false) }, [])).toEqual({ all: [] });
    expect(parseOptions({ all: restArguments('PATH', 'files', true) }, ['a', 'b'])).toEqual({
      all: ['a', 'b'],
    });
  });

  it('ask for the help before anything is missing, but not where a word is a value', () => {
    expect(parse('-h')).toBeNull();
    expect(parse('--help')).toBeNull();
    expect(parse('a', '-o', '-h')?.output).toBe('-h');
  });

  it('make a help of what they say', () => {
    expect(
      helpText({ name: 'tool', summary: 'does it', table: TABLE, notes: ['A note.'], examples: ['tool a'] }),
    ).toBe(
      `Usage: tool [options] FIRST [SECOND]
  does it

  A note.

Arguments:
  FIRST                   the first
  SECOND                  the second (none)

Options:
  -all                    everything
  --long                  two dashes
  -s BYTES                size (7)
  -e LSID                 end (no limit)
  -o PATH                 output (-)
  -i PATH...              inputs
  -h                      this help

  Integers: 0x.. hexadecimal; suffixes k m g are powers of 1000, K M G of 1024.

Examples:
  tool a
`,
    );
  });
});
