import { describe, expect, it } from 'vitest';
import { requestBackup, sendLogUuid } from '../../../../core/protocol/backup-parts.ts';
import { sendWords } from '../../../../core/protocol/command.ts';
import { readSnapFrom } from '../../../../core/protocol/dirty-hash-sync.ts';
import { requestReplication, sayLineage } from '../../../../core/protocol/repl-sync.ts';
import { requestWdiffTransfer } from '../../../../core/protocol/wdiff-transfer.ts';
import { DEFAULT_COMPRESS_OPT } from '../../../../core/snapshot/host-info.ts';
import { makeDiff, makeSnap } from '../../../../core/snapshot/meta.ts';
import { US_PER_S } from '../../../../core/units.ts';
import { sendWdiff } from './clients.ts';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { actionCount, replicate, SMALL, slowDown, stateOf, withArchive } from './running.ts';
import {
  ARCHIVE_UUID,
  CONTENTS,
  iosOf,
  SIZE_LB,
  seedSmallVolume,
  stepDiff,
  TIME_S,
  UUID,
} from './small-volume.ts';
import { Site, type TestArchive } from './support.ts';

describe('accepted commands', () => {
  it('show before their answer, and do nothing when the client does not close', async () => {
    await withArchive(async (archive, site) => {
      const channel = await archive.open('apply');
      await sendWords(channel, ['vol0', '3'], 'test');
      expect(await channel.readString('test.reply')).toBe('accept');
      expect(await actionCount(archive, 'Apply')).toBe(1);
      expect(await archive.get('base', 'vol0')).toEqual([expect.stringMatching(/^<\|0\|>/)]);
      // The server waits for the close as long as its sockets have patience, then takes it for a refusal.
      await site.simulation.sleep(15 * US_PER_S);
      expect(await actionCount(archive, 'Apply')).toBe(0);
      expect(await archive.get('base', 'vol0')).toEqual([expect.stringMatching(/^<\|0\|>/)]);
      channel.close();
      await archive.action('Apply', 'apply', 'vol0', '3');
      expect(await archive.get('base', 'vol0')).toEqual([expect.stringMatching(/^<\|3\|>/)]);
    });
  });
});

describe('stopping', () => {
  it('waits for what runs, and a second stop does not end the first', async () => {
    await withArchive(async (archive) => {
      slowDown(archive, 'archive.apply.write', 20);
      expect(await archive.command('apply', 'vol0', '3')).toBe('accept');
      expect(await archive.command('stop', 'vol0')).toBe('accept');
      expect(await archive.command('stop', 'vol0', 'force')).toBe(
        'c2aStopServer:already under stopping:vol0',
      );
      expect((await archive.statusLines('vol0')).join()).toContain('stopState Stopping');
      expect(await archive.command('merge', 'vol0', '0', 'gid', '4')).toMatch(/verifyStopState:vol0:4:1$/);
      await archive.eventually(async () => (await stateOf(archive)) === 'Stopped', 'stop');
      expect((await archive.statusLines('vol0')).join()).toContain('stopState NotStopping');
      expect((await archive.statusLines('vol0')).join()).toContain('base <|3|>');
    });
  });

  it('by force ends an apply, which another completes', async () => {
    await withArchive(async (archive) => {
      slowDown(archive, 'archive.wdiff.read', 5);
      expect(await archive.command('apply', 'vol0', '3')).toBe('accept');
      await archive.site.simulation.sleep(US_PER_S / 10);
      expect(await archive.command('stop', 'vol0', 'force')).toBe('accept');
      await archive.eventually(async () => (await stateOf(archive)) === 'Stopped', 'stop');
      expect((await archive.statusLines('vol0')).join()).toContain('base <|0|-->|3|>');
      expect(await archive.command('start', 'vol0')).toBe('ok');
      await archive.action('Apply', 'apply', 'vol0', '0');
      expect(await verifyRestorable(archive)).toEqual([3, 4]);
    });
  });

  it('gives up after 60 s', async () => {
    await withArchive(async (archive, site) => {
      slowDown(archive, 'archive.apply.write', 90);
      expect(await archive.command('apply', 'vol0', '3')).toBe('accept');
      expect(await archive.command('stop', 'vol0')).toBe('accept');
      await site.simulation.sleep(70 * US_PER_S);
      expect((await archive.statusLines('vol0')).join()).toContain('stopState NotStopping');
      await archive.eventually(async () => (await actionCount(archive, 'Apply')) === 0, 'apply');
      expect(await stateOf(archive)).toBe('Archived');
    });
  });

  it('a graceful shutdown finishes what runs, a forced one does not', async () => {
    for (const isForce of [false, true]) {
      await withArchive(async (archive) => {
        slowDown(archive, 'archive.wdiff.read', 5);
        expect(await archive.command('apply', 'vol0', '3')).toBe('accept');
        await archive.site.simulation.sleep(US_PER_S / 10);
        const process = archive.host.processes.get('walb-archive');
        archive.status.shutdown(isForce ? 'force' : 'graceful');
        expect(await process?.exited).toBe(0);
        await archive.start();
        const base = (await archive.get('base', 'vol0'))[0];
        expect(base).toMatch(isForce ? /^<\|0\|-->\|3\|>/ : /^<\|3\|>/);
      });
    }
  });
});

describe('diffs from proxies', () => {
  const offer = async (
    archive: TestArchive,
    diff = stepDiff(5),
    uuid = UUID,
    sizeLb = SIZE_LB,
    volId = 'vol0',
  ) => {
    const channel = await archive.open('wdiff-transfer', 'p0');
    try {
      const reply = await requestWdiffTransfer(channel, { volId, hostType: 'proxy', uuid, sizeLb, diff });
      return reply.kind === 'accept'
        ? 'accept'
        : reply.kind === 'rejected'
          ? reply.word
          : `error ${reply.text}`;
    } finally {
      channel.close();
    }
  };

  it('are taken or refused by the table', async () => {
    await withArchive(async (archive) => {
      expect(await offer(archive, stepDiff(5), ARCHIVE_UUID)).toBe('different-uuid');
      expect(await offer(archive, stepDiff(5), UUID, SIZE_LB + 1)).toBe('smaller-lv-size');
      expect(await offer(archive, stepDiff(4))).toBe('too-old-diff');
      expect(await offer(archive, stepDiff(6))).toBe('too-new-diff');
      expect(await offer(archive, makeDiff(2, 6))).toBe('accept');
      expect(await offer(archive, makeDiff(3, 6, { isCompDiff: true }))).toMatch(/bad meta diff relation:3/);
      expect(await offer(archive, stepDiff(5), UUID, SIZE_LB, 'nothing')).toMatch(/bad state:Clear/);
      expect(await offer(archive, stepDiff(5), UUID, SIZE_LB, '../vol0')).toMatch(/^error/);
      await archive.command('stop', 'vol0');
      await archive.eventually(async () => (await stateOf(archive)) === 'Stopped', 'stop');
      expect(await offer(archive)).toBe('stopped');
      expect(await archive.command('reset-vol', 'vol0')).toBe('ok');
      expect(await offer(archive)).toMatch(/bad state:SyncReady/);
    });
  });

  it('one at a time, and not while a backup runs', async () => {
    await withArchive(async (archive, site) => {
      const first = await archive.open('wdiff-transfer', 'p0');
      await requestWdiffTransfer(first, {
        volId: 'vol0',
        hostType: 'proxy',
        uuid: UUID,
        sizeLb: SIZE_LB,
        diff: stepDiff(5),
      });
      expect(await stateOf(archive)).toBe('WdiffRecv');
      expect(await offer(archive)).toBe('wdiff-recv');
      expect(await archive.command('restore', 'vol0', '2')).toBe('accept');
      first.close();
      await archive.eventually(async () => (await stateOf(archive)) === 'Archived', 'roll back');
      await archive.eventually(async () => (await actionCount(archive, 'Restore')) === 0, 'restore');
      verifyContent(archive, 'wr_vol0_2', 2);
      expect(archive.files().filter((name) => name.startsWith('tmp'))).toEqual([]);

      const backup = await archive.open('dirty-hash-sync2', 's0');
      const request = {
        volId: 'vol0',
        sizeLb: SIZE_LB,
        timestamp: TIME_S,
        bulkLb: 8,
        compression: DEFAULT_COMPRESS_OPT,
      };
      expect(await requestBackup(backup, request)).toBe(null);
      expect(await readSnapFrom(backup)).toEqual(makeSnap(4));
      expect(await stateOf(archive)).toBe('HashSync');
      expect(await offer(archive)).toBe('syncing');
      await sendLogUuid(backup, ARCHIVE_UUID);
      backup.close();
      await archive.eventually(async () => (await stateOf(archive)) === 'Archived', 'roll back');
      await site.simulation.sleep(1000);
      expect(await archive.get('uuid', 'vol0')).toEqual([Buffer.from(UUID).toString('hex')]);
      expect(await offer(archive)).toBe('accept');
    });
  });

  it('beyond the volume are refused before they are kept', async () => {
    await withArchive(async (archive) => {
      const beyond = { addressLb: SIZE_LB - 1, sizeLb: 2, kind: 'zero' as const, data: new Uint8Array(0) };
      await expect(sendWdiff(archive, stepDiff(5), [beyond])).rejects.toThrow();
      await archive.eventually(async () => (await stateOf(archive)) === 'Archived', 'roll back');
      expect(await archive.get('num-diff', 'vol0')).toEqual(['4']);
      expect(await sendWdiff(archive, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
      expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4, 5]);
    });
  });

  it('a full disk keeps the volume as it was', async () => {
    await withArchive(async (archive, site) => {
      for (const step of ['create', 'write', 'sync', 'publish']) {
        site.simulation.faults.arm({
          kind: 'error',
          host: 'a0',
          process: 'walb-archive',
          step: `archive.wdiff.${step}`,
          call: null,
          nth: 1,
          times: 1,
          code: 'ENOSPC',
          effect: step === 'publish' ? 'whole' : 'none',
        });
        await expect(sendWdiff(archive, stepDiff(5), iosOf(5))).rejects.toThrow();
        await archive.eventually(async () => (await stateOf(archive)) === 'Archived', 'roll back');
        expect(
          archive.files().filter((name) => /tmp|4-5/.test(name)),
          step,
        ).toEqual([]);
      }
      expect(await sendWdiff(archive, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
      expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4, 5]);
    });
  });
});

describe('volumes', () => {
  it('one that is damaged does not keep the others from being served', async () => {
    const seed = async (archive: TestArchive) => {
      await seedSmallVolume(archive);
      await seedSmallVolume(archive, { volId: 'vol1' });
      archive.host.files.seed(`${archive.base}/vol1/base`, new Uint8Array([1, 2, 3]));
      await seedSmallVolume(archive, { volId: 'vol2' });
      archive.host.files.seed(`${archive.base}/vol2/x.wdiff`, new Uint8Array(3));
    };
    await withArchive(
      async (archive) => {
        expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4]);
        for (const volId of ['vol1', 'vol2']) {
          await expect(archive.get('state', volId)).rejects.toThrow(/the volume is damaged/);
          expect(await archive.command('clear-vol', volId)).toMatch(/the volume is damaged/);
        }
        expect((await archive.statusLines()).filter((line) => line.includes('ERROR'))).toHaveLength(2);
        expect(archive.lvNames()).toContain('wb_vol1');
      },
      {},
      seed,
    );
  });

  it('questions about unknown names leave nothing behind', async () => {
    await withArchive(async (archive) => {
      expect(await archive.get('state', 'nothing')).toEqual(['Clear']);
      expect(await archive.command('start', 'nothing')).toMatch(/bad state:Clear:Stopped:Start/);
      expect((await archive.statusLines()).filter((line) => line.startsWith('volume '))).toHaveLength(1);
      expect(archive.files('nothing')).toEqual([]);
    });
  });

  it('two init-vol at once: one is done', async () => {
    await withArchive(async (archive) => {
      const replies = await Promise.all([
        archive.command('init-vol', 'new'),
        archive.command('init-vol', 'new'),
      ]);
      expect(replies.filter((reply) => reply === 'ok')).toHaveLength(1);
      expect(await archive.get('state', 'new')).toEqual(['SyncReady']);
      expect(await archive.command('clear-vol', 'new')).toBe('ok');
      expect(await archive.get('state', 'new')).toEqual(['Clear']);
    });
  });

  it('a volume that is being made says so', async () => {
    await withArchive(async (archive) => {
      archive.site.simulation.faults.arm({
        ...{ kind: 'delay', host: archive.host.name, process: null, call: null, nth: 1, times: 1 },
        step: 'archive.init.files',
        addUs: 3_000_000,
      });
      const pending = archive.command('init-vol', 'new');
      const isBeingMade = async () => (await archive.get('state', 'new'))[0] === 'InitVol';
      await archive.eventually(isBeingMade, 'the volume must be InitVol', 2);
      expect(await pending).toBe('ok');
      expect(await archive.get('state', 'new')).toEqual(['SyncReady']);
    });
  });

  it('what was said to be kept stays kept when the power fails', async () => {
    await withArchive(
      async (archive) => {
        expect(await archive.command('enable-snapshot', 'vol0', '1', '2')).toBe('ok');
        archive.host.powerLoss();
        archive.host.powerOn();
        await archive.start();
        const explicit = (await archive.get('restorable', 'vol0')).map((line) => Number(line.split(' ')[0]));
        expect(explicit).toEqual([0, 1, 2, 4]);
      },
      { profile: 'posix' },
      (archive) => seedSmallVolume(archive, { mergeable: [2, 3, 4] }),
    );
  });

  it('the base directory is for one server', async () => {
    await withArchive(async (archive, site) => {
      const { runArchiveServer } = await import('../../../../core/server/archive/server.ts');
      const second = archive.host.spawn('second', (world) =>
        runArchiveServer(world, { ...archive.options, port: 10999 }, archive.status),
      );
      await site.simulation.sleep(US_PER_S);
      expect(second.exitCode).toBe(1);
    });
  });
});

describe('a replica', () => {
  it('is reserved while its client is silent, and free again afterwards', async () => {
    await withArchive(async (archive, site) => {
      const channel = await archive.open('repl-sync3', 'a9');
      await requestReplication(channel, 'vol0');
      expect(await sayLineage(channel, { archiveUuid: ARCHIVE_UUID, doResync: false })).toBe('diffs');
      expect(await stateOf(archive)).toBe('ReplSyncAsServer');
      expect((await sendWdiff(archive, stepDiff(5), iosOf(5))).kind).toBe('error');
      // Queries and actions are not held up by the silence.
      expect(await archive.get('restorable', 'vol0')).toHaveLength(5);
      await site.simulation.sleep(15 * US_PER_S);
      expect(await stateOf(archive)).toBe('Archived');
      channel.close();
      expect(await sendWdiff(archive, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
    });
  });

  it('goes on with a full copy that was cut', async () => {
    const site = new Site();
    const options = { ...SMALL.options, fsyncIntervalBytes: 4096 };
    const source = site.addArchive({ ...SMALL, name: 'a9', port: 10209 });
    const replica = site.addArchive({ ...SMALL, options });
    await site.run(async () => {
      await seedSmallVolume(source);
      await source.start();
      await replica.start();
      expect(await replica.command('init-vol', 'vol0')).toBe('ok');
      site.simulation.faults.arm({
        kind: 'crash',
        host: 'a0',
        process: 'walb-archive',
        step: 'archive.full.image',
        call: null,
        nth: 9,
        phase: 'before',
        how: 'kill',
        downUs: 500_000,
      });
      await replicate(source, replica, { bulk: '2k' });
      await site.simulation.sleep(US_PER_S);
      await replica.eventually(() => replica.answers(), 'restart');
      const line = (await replica.statusLines('vol0')).find((text) => text.startsWith('fullReplState'));
      const progressLb = Number(line?.split(' ')[2]);
      expect(progressLb).toBeGreaterThan(0);
      await replicate(source, replica, { bulk: '2k' });
      expect(await verifyRestorable(replica)).toEqual([0, 1, 2, 3, 4]);
      verifyContent(replica, 'wb_vol0', 0);
      expect((await replica.statusLines('vol0')).at(-1)).toBe('fullReplState None');
      expect(await source.get('ts-delta')).toEqual([
        expect.stringMatching(/dest:a0.*dest_gid:4.*ts_delta:0$/),
      ]);
    });
  });
});

describe('scans', () => {
  it('end when an apply goes beyond their snapshot', async () => {
    await withArchive(async (archive) => {
      slowDown(archive, 'archive.scan.read', 5);
      const scanning = archive.open('bhash').then(async (channel) => {
        await sendWords(channel, ['vol0', '1', '4k'], 'test');
        expect(await channel.readString('test.reply')).toBe('accept');
        let control = await channel.readU8('test.control');
        while (control === 3) control = await channel.readU8('test.control');
        const text = await channel.readString('test.result');
        channel.close();
        return text;
      });
      await archive.site.simulation.sleep(US_PER_S);
      await archive.action('Apply', 'apply', 'vol0', '3');
      expect(await scanning).toMatch(/brought beyond the snapshot/);
      expect(CONTENTS.length).toBeGreaterThan(4);
    });
  });
});
