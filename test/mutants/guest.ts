import { readFileSync, writeSync } from 'node:fs';
import { tuneForSimulation } from '../../cli/jit.ts';
import { idOf } from '../../cli/run/choose.ts';
import { runOne } from '../../cli/run.ts';
import { inlineCodecPool, loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import { createTurn } from '../../native/turn.ts';
import * as crashPoints from '../../scenarios/crash-points.ts';
import { SCENARIOS } from '../../scenarios/index.ts';
import { failureSignature } from '../../sim/chaos/failure.ts';
import { drawHistory } from '../../sim/chaos/generate.ts';
import { chaosProfile } from '../../sim/chaos/profiles.ts';
import { type ChaosMachine, runChaos } from '../../sim/chaos/run.ts';
import { parseSaved } from '../../sim/chaos/saved.ts';
import { shrinkHistory } from '../../sim/chaos/shrink.ts';
import { rememberingCodecs } from '../../sim/remembering-codecs.ts';
import type { Caught, GuestJob, GuestLine, Stage } from './guest-words.ts';

/**
 * The program in which a mistake is planted: bundled with it, and run in a process of its own. Runs scenarios and
 * histories of chaos until one turns red. Its argument is a file with a GuestJob.
 */
let what = 'its beginning';

async function main(job: GuestJob): Promise<void> {
  const machine: ChaosMachine = {
    newTurn: createTurn,
    codecs: inlineCodecPool(rememberingCodecs(await loadPortableCodecs())),
  };
  if (job.kind === 'search') {
    const caught = await search(job.stages, job.maxShrinkRuns, machine);
    if (caught !== null) say({ kind: 'caught', caught });
  } else {
    for (const scenario of job.scenarios) {
      begin(scenario);
      const reason = await tellScenario(scenario);
      if (reason !== null) say({ kind: 'red', name: scenario, reason });
    }
    for (const { name, history } of job.histories) {
      begin(name);
      const { failure } = await runChaos(history, machine);
      if (failure !== null) say({ kind: 'red', name, reason: failureSignature(failure) });
    }
  }
  say({ kind: 'done' });
}

async function search(
  stages: readonly Stage[],
  maxShrinkRuns: number,
  machine: ChaosMachine,
): Promise<Caught | null> {
  for (const stage of stages) {
    const caught = await searchStage(stage, maxShrinkRuns, machine);
    if (caught !== null) return caught;
  }
  return null;
}

function searchStage(stage: Stage, maxShrinkRuns: number, machine: ChaosMachine): Promise<Caught | null> {
  switch (stage.kind) {
    case 'scenarios':
      return searchScenarios(stage.scenarios);
    case 'record':
      return runRecord(stage.saved, machine);
    case 'chaos':
      return searchChaos(stage, maxShrinkRuns, machine);
  }
}

async function runRecord(text: string, machine: ChaosMachine): Promise<Caught | null> {
  const { profile, history } = parseSaved(text);
  begin(`what is left of chaos ${profile}, seed ${history.seed}`);
  const { failure } = await runChaos(history, machine);
  if (failure === null) return null;
  return { by: 'chaos', profile, seed: history.seed, failure, history: null, shrunk: history, shrinkRuns: 0 };
}

async function searchScenarios(names: readonly string[]): Promise<Caught | null> {
  for (const name of names) {
    begin(name);
    const reason = await tellScenario(name);
    if (reason !== null) return { by: 'scenario', scenario: name, reason };
  }
  return null;
}

/** Why the scenario failed; null when it passed. */
async function tellScenario(name: string): Promise<string | null> {
  const scenario = [...SCENARIOS, ...Object.values(crashPoints)].find(
    (one) => one.name === name || idOf(one) === name,
  );
  if (scenario === undefined) throw new RangeError(`There is no scenario ${name}.`);
  const report = await runOne(scenario, { seed: 1, image: null }, () => {});
  return report.status === 'failed' ? report.summary : null;
}

async function searchChaos(
  { profile, seedCount }: Extract<Stage, { kind: 'chaos' }>,
  maxShrinkRuns: number,
  machine: ChaosMachine,
): Promise<Caught | null> {
  for (let seed = 1; seed <= seedCount; seed++) {
    begin(`chaos ${profile}, seed ${seed}`);
    const history = drawHistory(seed, chaosProfile(profile));
    const { failure } = await runChaos(history, machine);
    if (failure === null) continue;
    const shrunk = await shrinkHistory(history, failure, {
      run: async (candidate) => {
        begin(`shrinking chaos ${profile}, seed ${seed}`);
        return (await runChaos(candidate, machine)).failure;
      },
      maxRuns: maxShrinkRuns,
    });
    return {
      by: 'chaos',
      profile,
      seed,
      failure: shrunk.failure,
      history,
      shrunk: shrunk.history,
      shrinkRuns: shrunk.runs,
    };
  }
  return null;
}

function begin(name: string): void {
  what = name;
  say({ kind: 'begins', what });
}

function say(line: GuestLine): void {
  let bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

// Nobody waits for what throws here: in the real program it would end the process.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    const reason = `${event}: ${error instanceof Error ? error.message : String(error)}`;
    say({ kind: 'caught', caught: { by: 'end', what, reason } });
    process.exit(0);
  });
}

tuneForSimulation();
await main(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as GuestJob);
process.exit(0);
