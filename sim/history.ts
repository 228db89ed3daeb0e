import { errorText, FormatError } from '../core/errors.ts';
import { checkFault, type Fault } from './fault-kinds.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

/**
 * One run as a value: what the site looks like, what operators and applications do, what goes wrong. Plain
 * JSON data. Generating and executing are separate; the same history gives the same trace, byte for byte.
 */
export interface History<Layout, Operation> {
  readonly version: 1;
  readonly seed: number;
  readonly layout: Layout;
  readonly operations: readonly Operation[];
  readonly faults: readonly Fault[];
}

/** What the caller knows of its layouts and operations; each throws FormatError on what it does not know. */
export interface HistoryChecks<Layout, Operation> {
  layout(value: unknown): Layout;
  operation(value: unknown, index: number): Operation;
}

/** Throws FormatError unless `value` is a history. */
export function checkHistory<Layout, Operation>(
  value: unknown,
  checks: HistoryChecks<Layout, Operation>,
): History<Layout, Operation> {
  if (typeof value !== 'object' || value === null) throw new FormatError('A history is an object.');
  const { version, seed, layout, operations, faults, ...rest } = value as Record<string, unknown>;
  if (version !== 1) {
    throw new FormatError(`The history has version ${JSON.stringify(version)}; expected 1.`);
  }
  if (!Number.isSafeInteger(seed)) {
    throw new FormatError(`The history has seed ${JSON.stringify(seed)}; expected an integer.`);
  }
  const unknown = Object.keys(rest);
  if (unknown.length > 0) throw new FormatError(`A history has no field ${unknown.join(', ')}.`);
  if (!Array.isArray(operations)) throw new FormatError('The operations of a history are an array.');
  if (!Array.isArray(faults)) throw new FormatError('The faults of a history are an array.');
  return {
    version,
    seed: seed as number,
    layout: checks.layout(layout),
    operations: operations.map((operation, index) => checks.operation(operation, index)),
    faults: faults.map((fault, index) => checkFault(fault, `fault ${index}`)),
  };
}

/** Reads a history from JSON text. Throws FormatError. */
export function parseHistory<Layout, Operation>(
  text: string,
  checks: HistoryChecks<Layout, Operation>,
): History<Layout, Operation> {
  return checkHistory(parseJson(text, 'The history'), checks);
}

/** The value of a JSON text; throws FormatError, in one line, which says what is not JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${what} is not JSON: ${errorText(error).replaceAll('\n', ' ')}`);
  }
}

/** The history as JSON text, one line for each operation and fault. */
export function historyToText<Layout, Operation>(history: History<Layout, Operation>): string {
  const { version, seed, layout, operations, faults } = history;
  const lines = (items: readonly unknown[]) => items.map((item) => `\n    ${JSON.stringify(item)}`).join(',');
  return `{
  "version": ${version},
  "seed": ${seed},
  "layout": ${JSON.stringify(layout)},
  "operations": [${lines(operations)}
  ],
  "faults": [${lines(faults)}
  ]
}
`;
}

/** How to execute histories of one kind. */
export interface HistoryPlayer<Layout, Operation, Site> {
  /** True: faults are armed only when the site stands; calls and connections are counted from then on. */
  readonly armsAfterBuild?: boolean;
  /** Builds the site: hosts, disks, processes. Faults are armed before, unless `armsAfterBuild`. */
  build(simulation: Simulation, layout: Layout): Promise<Site>;
  /** Does one operation; one whose precondition vanished does nothing. The next one begins when it settles. */
  perform(site: Site, operation: Operation, index: number): Promise<void>;
  /** Called after the last operation, with all faults ended: the site has to converge. */
  finish(site: Site): Promise<void>;
}

/** Executes a history in a simulation of its own, and gives that simulation back for its counters. */
export async function executeHistory<Layout, Operation, Site>(
  history: History<Layout, Operation>,
  player: HistoryPlayer<Layout, Operation, Site>,
  options: Omit<SimulationOptions, 'seed'>,
): Promise<Simulation> {
  const simulation = new Simulation({ ...options, seed: history.seed });
  const arm = () => {
    for (const fault of history.faults) simulation.faults.arm(fault);
  };
  await simulation.run(async () => {
    if (player.armsAfterBuild !== true) arm();
    const site = await player.build(simulation, history.layout);
    if (player.armsAfterBuild === true) arm();
    for (const [index, operation] of history.operations.entries()) {
      await player.perform(site, operation, index);
    }
    simulation.faults.calm();
    await player.finish(site);
  });
  return simulation;
}
