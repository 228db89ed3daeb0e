import { describe, expect, it } from 'vitest';
import { SURE_STATE, UNSURE_STATE } from '../../../core/server/shared/state-file.ts';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { runChaos } from '../../../sim/chaos/run.ts';
import { startAgain } from '../../../sim/chaos/site.ts';
import type { VolumeTruth } from '../../../sim/chaos/volume-truth.ts';
import { walbDevicesOf } from '../../../sim/device-host.ts';
import { machine, playPlanted, SMALL_DAY, smallHistory, told } from './kit.ts';

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

describe('a server that could not put a state back', () => {
  it.each([
    ['s0', 'walb-storage', 'storage.state.save'],
    ['a0', 'walb-archive', 'archive.stop-vol.state'],
  ])('saves it by itself, and so nobody has to: %s', async (host, process, step) => {
    const lines: string[] = [];
    const outcome = await runChaos(
      smallHistory({
        operations: [
          ...SMALL_DAY,
          {
            ...{ kind: 'stop', atUs: 12_000_000, key: 7, volume: 0 },
            server: host,
            mode: 'graceful',
            forUs: 1,
          },
          { kind: 'status', atUs: 20_000_000, key: 8, server: host },
        ],
        faults: [
          {
            ...{
              kind: 'error',
              host,
              process,
              step,
              call: 'file.sync-directory',
              code: 'EIO',
              effect: 'none',
            },
            // The state of the stop, and three attempts to put the old one back.
            ...{ nth: host === 's0' ? 6 : 1, times: 4 },
          },
        ],
      }),
      machine,
      { log: ({ message }) => lines.push(message) },
    );
    expect(lines.filter((line) => line.startsWith(UNSURE_STATE)).length).toBe(1);
    expect(lines.filter((line) => line.startsWith(SURE_STATE)).length).toBe(1);
    expect(outcome.failure).toBeNull();
  });
});

describe('the operator of a log that cannot be read', () => {
  it('replaces its disk also where the device refuses only while the group drains', async () => {
    let isReadOnly = false;
    const found = await playPlanted({
      plant: async (site) => {
        const [truth] = site.volumes as [VolumeTruth];
        const { simulation, walbc, group } = site;
        const host = group.host('s0');
        await walbc.stop(group.server('p0'), 'v0', 'force');
        await truth.write(0, new Uint8Array(4096).fill(7));
        await truth.flush();
        const log = host.medium('log0');
        // All but the super sector.
        log.faults.makeUnreadable(16, site.layout.logLb - 16);
        truth.logDamagedFromUs = simulation.nowUs;
        // The device looks whole until a write fails.
        simulation.at(simulation.nowUs + 40_000_000, () => {
          log.mode = 'error-writes';
          truth.write(0, new Uint8Array(512)).catch(() => {});
        });
        simulation.at(simulation.nowUs + 60_000_000, () => {
          log.mode = 'up';
          void walbDevicesOf(host)
            .running(truth.device.path)
            .then((device) => {
              isReadOnly = device.status().readOnly;
            });
        });
      },
    });
    expect(isReadOnly).toBe(true);
    expect(told(found)).toBe('nothing');
  });
});

describe('the operator of a device that came up with a rotten log', () => {
  it('backs it up, since the device may hold what the log has lost', async () => {
    const write = { kind: 'write', volume: 0, count: 21 } as const;
    const history = smallHistory({
      seed: 40209,
      layout: { ...PLAIN_LAYOUT, group: 's0/p0,p1/a0,a1', operatorPollMs: 1000 },
      operations: [
        { kind: 'hash-backup', atUs: 14_507_296, key: 37, volume: 0 },
        { ...write, atUs: 24_400_000, key: 2_000_006, maxIoLb: 16, intervalUs: 147_649 },
        { ...write, atUs: 28_133_333, key: 2_000_007, maxIoLb: 16, intervalUs: 139_514 },
        { ...write, atUs: 31_866_666, key: 2_000_008, maxIoLb: 32, intervalUs: 39_976 },
        { ...write, atUs: 39_333_333, key: 2_000_010, count: 1, maxIoLb: 1, intervalUs: 36_944 },
      ],
      faults: [
        { kind: 'freeze', atUs: 10_002_217, host: 's0', forUs: 5_821_610 },
        // So that nothing was sent when the log rots, and the device takes an error, for which its host is started again.
        { kind: 'files-mode', atUs: 30_846_984, host: 'p0', mode: 'read-only', forUs: 12_776_045 },
        {
          ...{ kind: 'medium-mode', atUs: 38_043_855, host: 's0', medium: 'log0' },
          ...{ mode: 'error-writes', forUs: 2_131_963 },
        },
        {
          ...{ kind: 'medium-damage', atUs: 39_001_756, host: 's0', medium: 'log0' },
          ...{ damage: 'rot', addressLb: 664, sizeLb: 4 },
        },
      ],
    });
    const { failure, counts } = await runChaos(history, machine);
    expect(told(failure)).toBe('nothing');
    expect(counts.hashBackups + counts.fullBackups).toBeGreaterThan(1);
  });
});
