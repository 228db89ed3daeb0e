import { afterAll, describe, expect, it } from 'vitest';
import { runWalbc } from '../../../../core/control/walbc.ts';
import { GoldenCounter, goldenDir } from '../../../golden.ts';
import { readRecordedCommand } from '../golden-state.ts';
import { FakeArchive, FakeProxy, filesOf, Site, TestStorage } from './support.ts';

/** The state of vol0 in which a refusal was recorded, and its file. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['Clear', '007-is-overflow-clear'],
  ['Clear', '008-snapshot-clear'],
  ['SyncReady', '010-init-vol-twice'],
  ['SyncReady', '019-snapshot-syncready'],
  ['Standby', '022-start-standby-twice'],
  ['Standby', '023-init-vol-device-in-use'],
  ['SyncReady', '025-start-target-refused'],
  ['SyncReady', '026-full-bkp-refused'],
  ['Target', '073-edge-snapshot-bad-name'],
  ['Target', '074-edge-start-no-role'],
  ['Target', '075-edge-stop-empty'],
  ['Target', '076-edge-reset-vol-target'],
  ['Target', '077-edge-resize-zero'],
  ['Target', '078-edge-resize-zeroclear'],
  ['Target', '080-edge-init-vol-no-device'],
  ['Target', '081-edge-init-vol-bad-path'],
  ['Target', '082-edge-full-bkp-bad-bulk'],
  ['Target', '084-edge-clear-vol-unknown'],
  ['Target', '086-edge-get-uuid-unknown'],
  ['Target', '087-edge-get-no-target'],
  ['Target', '088-edge-restore-unsupported'],
  ['Target', '053-resize-too-large'],
  ['Target', '079-edge-resize-shrink'],
  ['Overflow', '066-snapshot-overflow'],
  ['Overflow', '068-start-target-overflow'],
  ['Overflow', '069-clear-vol-stopped'],
];

const counter = new GoldenCounter('wire/storage', (path) => !REFUSED.some(([, file]) => path.includes(file)));

async function bringTo(
  storage: TestStorage,
  archive: FakeArchive,
  from: string,
  state: string,
): Promise<void> {
  switch (state) {
    case 'SyncReady':
      if (from === 'Clear') await storage.must('init-vol', 'vol0', '/dev/walb/0');
      else {
        await storage.must('stop', 'vol0');
        await storage.waitForState('SyncReady');
      }
      break;
    case 'Standby':
      await storage.must('start', 'vol0', 'standby');
      break;
    case 'Target':
      archive.refusal = null;
      await storage.becomeTarget();
      // Grown as the recorded one was.
      storage.host.medium('data0').grow(16_384);
      await storage.must('resize', 'vol0', '8m');
      break;
    case 'Overflow':
      for (let i = 0; i < 12; i++) await storage.write(i * 1024, 1000, i + 1);
      await storage.must('kick');
      await storage.waitForState('Stopped');
      break;
    default:
  }
}

describe('refusals of a storage', () => {
  afterAll(() => console.log(counter.report()));
  if (goldenDir() === null) {
    it('are not checked: golden data absent', () =>
      console.log('golden: data absent, wire/storage not checked'));
    return;
  }
  it('have the words of the original, and nothing changes', async () => {
    const site = new Site();
    const proxy = new FakeProxy(site);
    const archive = new FakeArchive(site);
    archive.refusal = 'backupServer:bad state:Clear';
    const storage = new TestStorage(site, { logLb: 8192 });
    await site.run(async () => {
      await storage.makeDevice();
      await storage.start();
      let current = 'Clear';
      for (const [state, file] of REFUSED) {
        if (state !== current) {
          if (state === 'Overflow') proxy.refusal = 'no';
          await bringTo(storage, archive, current, state);
          await site.sleep(3);
        }
        current = state;
        const recorded = readRecordedCommand(`wire/storage/${file}.txt`);
        expect(recorded.exitCode, file).toBe(1);
        const before = filesOf(storage.host, storage.base);
        let text = '';
        try {
          const to = { address: storage.address, clientId: 'ctl', timeoutS: 10 };
          await runWalbc(site.world, to, recorded.command);
        } catch (error) {
          text = error instanceof Error ? error.message : String(error);
        }
        // What walbox adds stands behind the words of the original.
        expect(text.startsWith(recorded.stderr), `${file}: ${text} | ${recorded.stderr}`).toBe(true);
        expect(filesOf(storage.host, storage.base), file).toEqual(before);
        counter.check(`wire/storage/${file}.txt`);
      }
    });
  });
});
