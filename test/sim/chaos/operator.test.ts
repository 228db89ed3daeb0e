import { describe, expect, it } from 'vitest';
import { Writer } from '../../../core/format/serializer.ts';
import { startAgain } from '../../../sim/chaos/site.ts';
import { overwrite, playPlanted, SMALL_DAY, sabotage, told } from './kit.ts';

describe('the operator who stops a volume for a while', () => {
  it.each([
    ['s0', 'graceful', 'Target'],
    ['p0', 'empty', 'Started'],
    ['a0', 'graceful', 'Archived'],
  ] as const)(
    'starts it again at %s when the stop lasts longer than he thought',
    async (server, mode, active) => {
      let state = '';
      const found = await playPlanted({
        operations: [
          ...SMALL_DAY,
          { kind: 'stop', atUs: 12_000_000, key: 7, volume: 0, server, mode, forUs: 1 },
        ],
        plant: async ({ walbc, group }) => {
          state = await walbc.getState(group.server(server), 'v0');
        },
        isSafetyOnly: true,
      });
      expect(told(found)).toBe('nothing');
      expect(state).toBe(active);
    },
  );
});

describe('the operator of an archive that could not load a volume', () => {
  it.each([
    ['a0', 'whole'],
    ['a1', 'whole'],
    ['a1', 'rotten'],
  ])('starts %s again once the disk works, its diffs being %s', async (archive, diffs) => {
    const found = await playPlanted({
      layout: { group: 's0/p0/a0,a1' },
      operations: [
        ...SMALL_DAY,
        {
          ...{ kind: 'replicate', atUs: 12_000_000, key: 7, volume: 0 },
          ...{ archive: 'a1', from: 'a0', doResync: false },
        },
      ],
      plant: async (site) => {
        site.excused.add(archive);
        if (diffs === 'rotten') site.rotten.add(archive);
        site.group.kill(archive);
        site.simulation.faults.arm({
          ...{ kind: 'error', host: archive, process: null, call: null, nth: 1, times: 1, effect: 'none' },
          ...{ step: 'archive.volume.load-uuid', code: 'EMFILE' },
        });
        startAgain(site, archive);
        await site.simulation.sleep(1_000_000);
        await expect(site.walbc.getState(site.group.server(archive), 'v0')).rejects.toThrow(/is damaged/);
      },
    });
    expect(told(found)).toBe('nothing');
  });
});

describe('the operator of an archive whose log says that its state file may say something else', () => {
  it('has it written anew', async () => {
    const found = await playPlanted({
      operations: SMALL_DAY,
      plant: async (site) => {
        const stopped = new Writer();
        stopped.string('Stopped');
        await sabotage(site, 'a0', (world) => overwrite(world, '/walb/v0/state', stopped.finish()));
        site.unsureStates.add('a0 v0');
      },
    });
    expect(told(found)).toBe('nothing');
  });
});
