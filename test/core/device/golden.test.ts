import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeSuperSector } from '../../../core/format/super-sector.ts';
import { uuidToText } from '../../../core/format/uuid.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { LB, Rig, STEP } from './harness.ts';
import { superOf, walkLog } from './log-walk.ts';

const dir = goldenDir();
const USED = ['ldev/formatted.img.gz', 'ldev/info.txt', 'ldev/restored.img.gz', 'ldev/wldev-show.txt'];
const MOMENTS = ['a-full-backup', 'b-two-diffs', 'e-storage-with-log'];
const USED_OF_MOMENT = /^base\/.*\/(device\.txt|log-device\.img\.gz|data-device\.img\.gz)$/;
const counter = new GoldenCounter('', (path) => !USED.includes(path) && !USED_OF_MOMENT.test(path));

function read(path: string): Uint8Array {
  counter.check(path);
  return new Uint8Array(readFileSync(join(dir ?? '', path)));
}

const image = (path: string) => new Uint8Array(gunzipSync(read(path)));

afterAll(() => console.log(counter.report()));

if (dir === null) {
  it('golden data are absent: nothing is compared with the original', () => console.log(counter.report()));
} else {
  describe('log devices of the original', () => {
    it('formatted: equal to what formatLdev writes, but for uuid and salt', async () => {
      const golden = image('ldev/formatted.img.gz');
      const info = new Map(
        new TextDecoder()
          .decode(read('ldev/info.txt'))
          .trim()
          .split('\n')
          .map((line) => line.split(': ') as [string, string]),
      );
      const sector = superOf(golden, 512);
      expect(uuidToText(sector.uuid)).toBe(info.get('uuid'));
      expect(String(sector.ringBufferSizePb)).toBe(info.get('ringBufferSize'));
      const sizeLb = sector.deviceSizeLb;
      expect(String(sizeLb)).toBe(info.get('deviceSize'));
      const rig = new Rig({ ringPb: golden.length / LB - 10, sizeLb });
      await rig.format(sector.name);
      const formatted = rig.ldev.durable.slice();
      const ours = superOf(formatted, 512);
      expect(formatted.length).toBe(golden.length);
      formatted.set(encodeSuperSector({ ...ours, uuid: sector.uuid, salt: sector.salt }), 4096);
      expect(Buffer.compare(formatted, golden)).toBe(0);
    });

    it('formatted: opens empty', async () => {
      const golden = image('ldev/formatted.img.gz');
      const rig = new Rig({ ldevImage: golden, sizeLb: superOf(golden, 512).deviceSizeLb });
      const device = await rig.open();
      expect(device.redone).toEqual({ endLsid: 0, packCount: 0, shrunk: false });
      expect(Object.values(device.lsids())).toEqual([0, 0, 0, 0, 0, 0, 0]);
    });

    it.each(['zero', 'none'] as const)(
      'with a log: redo gives what its packs say, in order (discards: %s)',
      async (discardMode) => {
        const golden = image('ldev/restored.img.gz');
        const sector = superOf(golden, 512);
        const rig = new Rig({ ldevImage: golden, sizeLb: sector.deviceSizeLb, discardMode });
        const device = await rig.open();
        // The listing of the original tool is the judge of where the log ends and what is in it.
        const show = new TextDecoder().decode(read('ldev/wldev-show.txt'));
        const packs = [...show.matchAll(/^wlog_p: lsid +(\d+) total +(\d+)/gm)];
        expect(device.redone.packCount).toBe(packs.length);
        expect(packs.length).toBeGreaterThan(5);
        const [, lsid, total] = packs[packs.length - 1];
        expect(device.lsids().latest).toBe(Number(lsid) + 1 + Number(total));
        const records = [...show.matchAll(/^wlog_r: lsid +(\d+) +\d+ io +(\d+) +(\d+) flags (...)/gm)];
        const expected = new Uint8Array(sector.deviceSizeLb * LB);
        const walked = walkLog(golden, sector, sector.oldestLsid).flatMap((pack) => pack.ios);
        expect(walked.length).toBe(records.length);
        for (const [i, io] of walked.entries()) {
          const [, at, offset, size, flags] = records[i];
          expect([io.lsid, io.addressLb, io.sizeLb]).toEqual([Number(at), Number(offset), Number(size)]);
          if (flags === 'E--') expected.set(io.data, io.addressLb * LB);
          else if (flags === 'E-D' && discardMode === 'zero') {
            expected.fill(0, io.addressLb * LB, (io.addressLb + io.sizeLb) * LB);
          }
        }
        const content = await rig.run(device.openData().read(0, sector.deviceSizeLb, STEP));
        expect(Buffer.compare(content, expected)).toBe(0);
        expect(superOf(rig.ldev.durable, 512)).toEqual({ ...sector, writtenLsid: device.lsids().latest });
      },
    );

    it.each(MOMENTS)(
      'of a running device (%s): takes up where the original was, and redo changes nothing',
      async (moment) => {
        const text = new TextDecoder().decode(read(`base/${moment}/device.txt`));
        const lsids = new Map(
          [...text.matchAll(/^(\w+)\s+(\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
        );
        const log = image(`base/${moment}/log-device.img.gz`);
        const data = image(`base/${moment}/data-device.img.gz`);
        const sector = superOf(log, 512);
        const packs = walkLog(log, sector, sector.oldestLsid);
        // As it is, and from the oldest log that is there.
        for (const writtenLsid of [sector.writtenLsid, sector.oldestLsid]) {
          log.set(encodeSuperSector({ ...sector, writtenLsid }), 4096);
          const rig = new Rig({ ldevImage: log, sizeLb: data.length / LB });
          rig.ddev.durable.set(data);
          rig.ddev.visible.set(data);
          const device = await rig.open();
          const { latest, oldest } = device.lsids();
          expect([latest, oldest]).toEqual([lsids.get('latest'), lsids.get('oldest')]);
          expect([device.logCapacityPb, device.logUsagePb]).toEqual([
            lsids.get('log_capacity'),
            lsids.get('log_usage'),
          ]);
          expect([device.isLogOverflow, device.name]).toEqual([false, sector.name]);
          if (writtenLsid === sector.oldestLsid) expect(device.redone.packCount).toBe(packs.length);
          const content = await rig.run(device.openData().read(0, device.sizeLb, STEP));
          expect(Buffer.compare(content, data.subarray(0, content.length))).toBe(0);
        }
      },
    );

    it('every file named here was looked at', () => expect(counter.missing()).toEqual([]));
  });
}
