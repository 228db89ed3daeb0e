import { describe, expect, it } from 'vitest';
import { FormatError } from '../../core/errors.ts';
import { createTurn } from '../../native/turn.ts';
import type { Fault } from '../../sim/fault-kinds.ts';
import {
  checkHistory,
  executeHistory,
  type History,
  type HistoryChecks,
  type HistoryPlayer,
  historyToText,
  parseHistory,
} from '../../sim/history.ts';
import type { SimHost } from '../../sim/host.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { type TraceLine, traceLineToText } from '../../sim/trace.ts';
import { identityCodecs } from './support.ts';

interface Layout {
  readonly hosts: readonly string[];
}

interface Operation {
  readonly host: string;
  readonly path: string;
}

const checks: HistoryChecks<Layout, Operation> = {
  layout: (value) => value as Layout,
  operation: (value, index) => {
    const { host, path } = value as Operation;
    if (typeof host === 'string' && typeof path === 'string') return { host, path };
    throw new FormatError(`operation ${index}: expected host and path.`);
  },
};

interface Site {
  readonly simulation: Simulation;
  readonly ended: string[];
}

const player: HistoryPlayer<Layout, Operation, Site> = {
  build: async (simulation, layout) => {
    for (const name of layout.hosts) simulation.addHost(name);
    return { simulation, ended: [] };
  },
  perform: async ({ simulation, ended }, { host, path }, index) => {
    const at: SimHost = simulation.host(host);
    if (!at.powered) return;
    const writer = at.spawn(`op${index}`, async (world) => {
      const file = await world.files.open(path, 'create', 'op.open');
      await file.write(0, world.random.bytes('content', 100), 'op.write');
      await file.sync('op.sync');
      return 0;
    });
    ended.push(`${index}:${await writer.exited}`);
  },
  finish: async ({ simulation }) => {
    for (const host of simulation.hosts.values()) expect(host.powered).toBe(true);
  },
};

const faults: Fault[] = [
  {
    kind: 'crash',
    host: null,
    process: null,
    step: 'op.write',
    call: null,
    nth: 2,
    phase: 'after',
    how: 'power-loss',
    downUs: null,
  },
];

const history: History<Layout, Operation> = {
  version: 1,
  seed: 42,
  layout: { hosts: ['a', 'b'] },
  operations: [
    { host: 'a', path: '/one' },
    { host: 'b', path: '/two' },
    { host: 'b', path: '/three' },
    { host: 'a', path: '/four' },
  ],
  faults,
};

async function traceOf(one: History<Layout, Operation>): Promise<string[]> {
  const lines: string[] = [];
  const trace = (line: TraceLine) => lines.push(traceLineToText(line));
  await executeHistory(one, player, { turn: createTurn(), codecs: identityCodecs, trace });
  return lines;
}

describe('histories', () => {
  it('are text and back, one line for each operation and fault', () => {
    const text = historyToText(history);
    expect(parseHistory(text, checks)).toEqual(history);
    expect(text.split('\n').filter((line) => line.startsWith('    {')).length).toBe(5);
    const empty = { ...history, operations: [], faults: [] };
    expect(parseHistory(historyToText(empty), checks)).toEqual(empty);
  });

  it('that are wrong are refused with what was expected', () => {
    const bad: [unknown, string][] = [
      [5, 'is an object'],
      [{ ...history, version: 2 }, 'version 2; expected 1'],
      [{ ...history, seed: 1.5 }, 'expected an integer'],
      [{ ...history, more: 1 }, 'no field more'],
      [{ ...history, operations: {} }, 'operations'],
      [{ ...history, faults: null }, 'faults'],
      [{ ...history, faults: [{ kind: 'x' }] }, 'fault 0'],
      [{ ...history, operations: [{}] }, 'operation 0'],
    ];
    for (const [value, message] of bad) {
      expect(() => checkHistory(value, checks)).toThrow(FormatError);
      expect(() => checkHistory(value, checks)).toThrow(message);
    }
    expect(() => parseHistory('{', checks)).toThrow('not JSON');
  });

  it('give the same trace each time, also after a detour through text', async () => {
    const first = await traceOf(history);
    expect(await traceOf(parseHistory(historyToText(history), checks))).toEqual(first);
    expect(first.filter((line) => line.includes('fault.crash')).length).toBe(1);
    expect(await traceOf({ ...history, seed: 43 })).not.toEqual(first);
  });

  it('without one operation leave the content of the others as it was', async () => {
    const digests = async (one: History<Layout, Operation>) => {
      const fields = (await traceOf(one)).map((line) => line.split('\t'));
      return fields
        .filter((line) => line[7] === 'file.write')
        .map((line) => `${line[3]} ${line[4]} ${line[13]}`);
    };
    const whole = await digests({ ...history, faults: [] });
    const part = await digests({ ...history, faults: [], operations: history.operations.slice(0, 3) });
    expect(whole.slice(0, 3)).toEqual(part);
    expect(whole.length).toBe(4);
  });
});
