import { type Lb, LOGICAL_BLOCK_BYTES, MIB, US_PER_S } from '../../core/units.ts';
import { createTurn } from '../../native/turn.ts';
import { DEFAULT_DISK_LATENCIES } from '../../sim/disk-port.ts';
import { fileSystemParameters } from '../../sim/file-system-state.ts';
import { createSimGroup, type SimGroup, type SimGroupOptions, type SimGroupParts } from '../../sim/group.ts';
import { parseGroupLayout, parseSpares } from '../../sim/group-layout.ts';
import { Simulation, type SimulationOptions } from '../../sim/simulation.ts';
import { playChaos } from './chaos-scenario.ts';
import { portablePool } from './portable-pool.ts';
import type { Scenario, ScenarioInput, ScenarioOutcome } from './scenario.ts';
import { type Say, Story } from './story.ts';

/** What a run of a scenario cost. */
export interface RunFigures {
  readonly virtualTimeUs: number;
  readonly eventCount: number;
}

/** What a run gave and cost. */
export interface SimulatedRun<T = ScenarioOutcome> {
  readonly result: T;
  readonly figures: RunFigures;
}

/** What may differ from what the scenario asks for. */
export interface SimulatedOptions {
  readonly simulation?: Partial<Omit<SimulationOptions, 'seed' | 'turn'>>;
  readonly group?: Partial<SimGroupOptions>;
}

/** A simulation on this machine; options may replace anything but the loop's turn. */
export async function newSimulation(
  seed: number,
  options: Partial<Omit<SimulationOptions, 'seed' | 'turn'>> = {},
): Promise<Simulation> {
  const codecs = options.codecs ?? (await portablePool());
  return new Simulation({ ...options, seed, turn: createTurn(), codecs });
}

/** Makes the scenario's group in a simulation and lets `tell` run its story there. */
export async function simulateScenario<T>(
  scenario: Scenario,
  input: ScenarioInput,
  say: Say,
  tell: (group: SimGroup, story: Story) => Promise<T>,
  options: SimulatedOptions = {},
): Promise<SimulatedRun<T>> {
  const simulation = await newSimulation(input.seed, options.simulation);
  const result = await simulation.run(async () => {
    let story: Story | null = null;
    const group = await createSimGroup(simulation, {
      layout: parseGroupLayout(scenario.layout),
      spares: parseSpares(scenario.spares ?? '//'),
      deviceCount: scenario.deviceCount ?? 1,
      deviceSizeLb: sizeLb(scenario.deviceMib, input),
      logSizeLb: sizeLb(scenario.logMib, input),
      thin: scenario.volumes !== 'thick',
      parts: partsOf(scenario),
      storage: scenario.storageOptions ?? {},
      proxy: scenario.proxyOptions ?? {},
      archive: { discardPolicy: 'zero', ...scenario.archiveOptions },
      print: (line) => story?.printed(line),
      ...options.group,
    });
    story = new Story(group, say);
    return tell(group, story);
  });
  return {
    result,
    figures: { virtualTimeUs: simulation.nowUs, eventCount: simulation.kernel.loop.firedCount },
  };
}

function partsOf({ fileSystem, diskFlushS }: Scenario): SimGroupParts {
  const files = { parameters: fileSystemParameters(fileSystem ?? 'ext4') };
  if (diskFlushS === undefined) return { files };
  const flushUs = diskFlushS * US_PER_S;
  const latencies = { ...DEFAULT_DISK_LATENCIES, flush: { minUs: flushUs, meanUs: flushUs } };
  return { files, disks: { latencies } };
}

const DEFAULT_SIZE_MIB = 16;

function sizeLb(mib: Scenario['deviceMib'], input: ScenarioInput): Lb {
  const size = typeof mib === 'function' ? mib(input) : (mib ?? DEFAULT_SIZE_MIB);
  return (size * MIB) / LOGICAL_BLOCK_BYTES;
}

/** Runs a scenario in a simulation. */
export async function simulate(
  scenario: Scenario,
  input: ScenarioInput,
  say: Say,
  options: SimulatedOptions = {},
): Promise<SimulatedRun> {
  if (scenario.history !== undefined) {
    const codecs = options.simulation?.codecs ?? (await portablePool());
    return playChaos(scenario.history, { newTurn: createTurn, codecs }, say, options.simulation);
  }
  const tell = async (made: SimGroup, story: Story): Promise<ScenarioOutcome> => {
    const missing = scenario.needs.filter((capability) => !made.capabilities.has(capability));
    if (missing.length > 0) {
      const summary = `this world has no ${missing.join(', ')}`;
      return { passed: false, isNotApplicable: true, summary };
    }
    return scenario.run(made, story, input);
  };
  return simulateScenario(scenario, input, say, tell, options);
}
