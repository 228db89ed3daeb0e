import { describe, expect, it } from 'vitest';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { needOfBackup } from '../../../sim/chaos/need.ts';
import { runChaos } from '../../../sim/chaos/run.ts';
import type { Fault } from '../../../sim/fault-kinds.ts';
import { createSimulation } from '../support.ts';
import { machine, playPlanted, smallHistory, told } from './kit.ts';

const rot = (nth: number, offset: number): Fault => ({
  ...{ kind: 'file-rot', atUs: 6_000_000, host: 'a0', suffix: '.wdiff', nth, offset, mask: 1 },
});

describe('rot in diffs of an archive', () => {
  it('is noticed before they are used: no image is wrong, and a full backup begins anew', async () => {
    for (const offset of [0, 40, 4096, 4200]) {
      const { failure, fired } = await runChaos(
        smallHistory({ faults: [rot(0, offset), rot(1, offset)] }),
        machine,
      );
      expect(failure?.message, `offset ${offset}`).toBeUndefined();
      expect(fired.get('file-rot')).toBe(2);
    }
  });

  it('strikes the file that is named, and nothing where there is none', async () => {
    await createSimulation().run(async (simulation) => {
      const host = simulation.addHost('a');
      const bytes = new Uint8Array(5000).fill(7);
      const at = { kind: 'file-rot', atUs: simulation.nowUs + 1_000_000, host: 'a', mask: 4 } as const;
      const program = host.spawn('p', async ({ files }) => {
        await files.makeDirectory('/d', 's');
        for (const name of ['/d/b.x', '/a.x', '/c.y']) {
          const file = await files.open(name, 'create', 's');
          await file.write(0, bytes, 's');
          await file.sync('s');
        }
        return 0;
      });
      await program.exited;
      simulation.faults.arm({ ...at, suffix: '.x', nth: 1, offset: 4999 });
      simulation.faults.arm({ ...at, suffix: '.z', nth: 0, offset: 0 });
      await simulation.sleep(2_000_000);
      expect([...simulation.faults.fired]).toEqual([['file-rot a', 1]]);
      host.powerLoss();
      host.powerOn();
      let found: number[] = [];
      const reader = host.spawn('r', async ({ files }) => {
        const contents = await Promise.all(
          ['/a.x', '/d/b.x', '/c.y'].map(async (path) =>
            (await files.open(path, 'read', 's')).read(0, 5000, 's'),
          ),
        );
        found = contents.map((content) => content[4999] as number);
        return 0;
      });
      await reader.exited;
      expect(found).toEqual([7, 7 ^ 4, 7]);
    });
  });
});

describe('whether a volume needs a backup', () => {
  it('is told from what lies on disks', async () => {
    const needs: (string | null)[] = [];
    const found = await playPlanted({
      isSafetyOnly: true,
      plant: (site) => {
        for (const truth of site.volumes) needs.push(needOfBackup(site, truth));
      },
    });
    const without = await playPlanted({
      operations: [],
      layout: PLAIN_LAYOUT,
      isSafetyOnly: true,
      plant: (site) => {
        for (const truth of site.volumes) needs.push(needOfBackup(site, truth));
      },
    });
    expect([told(found), told(without)]).toEqual(['nothing', 'nothing']);
    expect(needs).toEqual([null, 'the storage sends no log']);
  });
});

describe('rot in a log', () => {
  it('while its host has no power makes the content of the device unsure, and a backup mends it', async () => {
    const off: Fault = { kind: 'power-loss', atUs: 67_839_068, host: 's1', downUs: 17_404_680 };
    const rotten: Fault = {
      ...{ kind: 'medium-damage', atUs: 74_355_459, host: 's1', medium: 'log0' },
      ...{ damage: 'rot', addressLb: 46, sizeLb: 5 },
    };
    const { failure, fired } = await runChaos(
      {
        version: 1,
        seed: 8132,
        layout: { ...PLAIN_LAYOUT, group: 's0,s1/p0,p1/a0,a1', volumeCount: 2 },
        operations: [
          { kind: 'mend', atUs: 48_000_289, key: 4_000_003, volume: 1 },
          {
            ...{ kind: 'write', atUs: 51_375_000, key: 2_000_005, volume: 1 },
            ...{ count: 40, maxIoLb: 1, intervalUs: 75_775 },
          },
          { kind: 'mend', atUs: 78_383_708, key: 4_000_005, volume: 1 },
        ],
        faults: [off, { kind: 'freeze', atUs: 10_893_872, host: 'a0', forUs: 48_935_923 }, rotten],
      },
      machine,
    );
    expect(failure?.message).toBeUndefined();
    expect(fired.get('medium-damage')).toBe(1);
  });
});
