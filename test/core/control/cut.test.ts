import { describe, expect, it } from 'vitest';
import type { Controller } from '../../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import { newSimulation } from '../../../scenarios/lib/simulate.ts';
import { createSimGroup, type SimGroup } from '../../../sim/group.ts';

const VOL = 'v';

interface Story {
  readonly group: SimGroup;
  readonly walbc: Controller;
  readonly at: (name: string) => ServerConnectionParam;
}

describe('a controller that is cut', () => {
  it('leaves what can be done again, wherever it was cut', async () => {
    // The operations whose repetition must succeed, cut after each command that they send.
    const operations: readonly [string, (made: Story) => Promise<unknown>][] = [
      ['full backup', ({ walbc, at }) => walbc.fullBackup(at('s0'), VOL)],
      ['go standby', ({ walbc, at }) => walbc.goStandby(at('s0'), VOL)],
      ['clear', ({ walbc, at }) => walbc.clearVol(at('s0'), VOL)],
    ];
    for (const [name, operation] of operations) {
      let isCut = true;
      for (let cut = 0; isCut; cut++) {
        isCut = await cutAfter(cut, name, operation);
        expect(cut).toBeLessThan(100);
      }
    }
  });
});

/** Cuts the operation behind so many commands, and does it again. False when it ended before the cut. */
async function cutAfter(
  cut: number,
  name: string,
  operation: (made: Story) => Promise<unknown>,
): Promise<boolean> {
  let left = Number.POSITIVE_INFINITY;
  let isCut = false;
  const simulation = await newSimulation(1);
  await simulation.run(async () => {
    const group = await createSimGroup(simulation, {
      layout: { storages: ['s0'], proxies: ['p0'], archives: ['a0'] },
      ...{ deviceSizeLb: 2048, logSizeLb: 2048 },
      onCommand: () => {
        left -= 1;
        if (left < 0) throw new Error('the controller dies here');
      },
    });
    const walbc = group.controller;
    const at = (server: string) => group.server(server);
    const made: Story = { group, walbc, at };
    await walbc.initStorage(at('s0'), VOL, '/dev/walb/0');
    if (name !== 'full backup') await walbc.fullBackup(at('s0'), VOL);
    left = cut;
    try {
      await operation(made);
    } catch {
      isCut = true;
    }
    left = Number.POSITIVE_INFINITY;
    if (!isCut) return;
    await group.clock.sleep(5);
    const state = await walbc.getState(at('s0'), VOL);
    if (name === 'full backup' && state === 'Target') return;
    if (name === 'go standby' && state === 'Stopped') {
      // Cut between stop and reset: what is left of it is done by hand.
      await walbc.stopSynchronizing(at('a0'), VOL);
      await walbc.resetVol(at('s0'), VOL);
    }
    await operation(made);
  });
  return isCut;
}
