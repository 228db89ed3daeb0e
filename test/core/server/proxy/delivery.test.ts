import { describe, expect, it } from 'vitest';
import { filesOf, withVolume } from './support.ts';

/** Retries get no further apart than 4 s, and end after 6 s. */
const IMPATIENT = { maxRetryDelayS: 4, retryTimeoutS: 6 };

describe('refusals of an archive', () => {
  it('that pass: attempts at 0, 1, 3, 7 s, then given up; a new wlog begins anew', () =>
    withVolume({ options: IMPATIENT, reply: 'wdiff-recv' }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await site.sleep(60);
      expect(archive.gaps()).toEqual([1, 2, 4]);
      expect(await proxy.isSendError()).toBe(true);
      expect(await proxy.statusOf('isWdiffSendError')).toBe('1');
      expect(site.messages('p0', 'error').at(-1)).toBe('SEND_ERROR_NO_MORE_RETRY:vol0:a0');
      const count = archive.offered.length;
      archive.reply = () => 'accept';
      await proxy.sendWlog(1, 2);
      await site.sleep(0.3);
      expect(archive.offered.length).toBe(count + 1);
      expect(await proxy.isSendError()).toBe(false);
      expect(proxy.waiting()).toEqual([]);
    }));

  for (const word of ['too-new-diff', 'syncing']) {
    it(`${word} is never given up`, () =>
      withVolume({ options: IMPATIENT, reply: word }, async ({ site, archive, proxy }) => {
        await proxy.sendWlog(0, 1);
        await site.sleep(60);
        expect(archive.gaps().slice(0, 6)).toEqual([1, 2, 4, 4, 4, 4]);
        expect(await proxy.isSendError()).toBe(false);
        expect(proxy.waiting().length).toBe(1);
      }));
  }

  for (const text of ['stopped', 'p2aWdiffTransferServer:exceeds max foreground tasks:2']) {
    it(`${text} is given up after the time-out`, () =>
      withVolume({ options: IMPATIENT, reply: text }, async ({ site, archive, proxy }) => {
        await proxy.sendWlog(0, 1);
        await site.sleep(30);
        expect(archive.offered.length).toBe(4);
        expect(await proxy.isSendError()).toBe(true);
        // A kick tries again, and forgets.
        archive.reply = () => 'accept';
        await proxy.must('kick', 'vol0', 'a0');
        await site.sleep(0.3);
        expect(await proxy.isSendError()).toBe(false);
        expect(proxy.waiting()).toEqual([]);
      }));
  }

  it('are never given up when no wlog came since the start', () =>
    withVolume({ options: IMPATIENT, reply: 'stopped' }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.restart();
      archive.offered.length = 0;
      await site.sleep(60);
      expect(archive.offered.length).toBeGreaterThan(10);
      expect(await proxy.isSendError()).toBe(false);
    }));

  it('are not given up because a clock was set back', () =>
    withVolume(
      { options: { ...IMPATIENT, retryTimeoutS: 600 }, reply: 'stopped' },
      async ({ site, proxy }) => {
        await proxy.sendWlog(0, 1);
        proxy.host.clock.step(-3600_000_000);
        await site.sleep(60);
        expect(await proxy.isSendError()).toBe(false);
        expect(Number(await proxy.statusOf('wdiffSendDelayMeasured'))).toBe(0);
      },
    ));

  for (const word of ['smaller-lv-size', 'archive-not-found']) {
    it(`${word} stops at once and keeps the files`, () =>
      withVolume({ reply: word }, async ({ site, archive, proxy }) => {
        await proxy.sendWlog(0, 1);
        await site.sleep(30);
        expect(archive.offered.length).toBe(1);
        expect(await proxy.isSendError()).toBe(true);
        expect(proxy.waiting().length).toBe(1);
      }));
  }

  for (const word of ['different-uuid', 'too-old-diff']) {
    it(`${word} deletes the group and goes on at once`, () =>
      withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
        archive.reply = (_request, n) => (n === 0 ? word : 'accept');
        await proxy.sendWlog(0, 1);
        await proxy.sendWlog(1, 2);
        await proxy.sendWlog(2, 3, { isMergeable: false });
        archive.start();
        await site.eventually(() => archive.offered.length > 0, 'it must be offered');
        await site.sleep(0.2);
        expect(archive.ranges()).toEqual(['0-2 M', '2-3']);
        expect(proxy.waiting()).toEqual([]);
      }));
  }

  it('no connection: tried each second, without an error flag', () =>
    withVolume({ options: { retryTimeoutS: 6 }, isAway: true }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      const beganS = site.nowS;
      const errors = site.messages('p0', 'error').length;
      await site.sleep(30);
      expect(await proxy.isSendError()).toBe(false);
      const tries = site.messages('p0', 'error').length - errors;
      expect(tries).toBeGreaterThanOrEqual(28);
      expect(tries).toBeLessThanOrEqual(31);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'it must be sent', 3);
      expect(site.nowS - beganS).toBeLessThan(33);
    }));
});

describe('stops', () => {
  it('graceful lets a send end, force lets it give up', async () => {
    for (const mode of ['graceful', 'force']) {
      await withVolume({}, async ({ site, archive, proxy }) => {
        archive.at = async (point) => {
          if (point === 'offered') await site.sleep(5);
        };
        await proxy.sendWlog(0, 1, { addressesLb: Array.from({ length: 15 }, (_, i) => i * 8) });
        await site.eventually(() => archive.offered.length > 0, 'a send must run');
        await proxy.must('stop', 'vol0', mode);
        expect(await proxy.state()).toBe('Started');
        expect(await proxy.sendWlog(1, 2)).toBe(
          `s2pWlogTransferServer:verifyStopState:vol0:${mode === 'force' ? 8 : 4}:1`,
        );
        await proxy.waitForState('Stopped');
        expect(proxy.waiting().length).toBe(mode === 'force' ? 1 : 0);
      });
    }
  });

  it('force ends the reception of a wlog', () =>
    withVolume({}, async ({ proxy }) => {
      const before = filesOf(proxy.host, proxy.base);
      const reply = await proxy.sendWlog(0, 1, {
        at: async (point) => {
          if (point === 'accepted') await proxy.must('stop', 'vol0', 'force');
        },
      });
      expect(reply).not.toBe(null);
      await proxy.waitForState('Stopped');
      expect(filesOf(proxy.host, proxy.base)).toEqual(before);
    }));

  it('give up after 60 s, and what was to be sent goes on', () =>
    withVolume({ options: { socketTimeoutS: 100 } }, async ({ site, archive, proxy }) => {
      let isSlow = true;
      archive.at = async (point) => {
        if (point === 'accepted' && isSlow) await site.sleep(90);
      };
      await proxy.sendWlog(0, 1);
      await site.eventually(() => archive.offered.length > 0, 'a send must run');
      await proxy.must('stop', 'vol0');
      await proxy.must('stop', 'vol0').catch(() => {});
      await site.sleep(59);
      expect(await proxy.command('stop', 'vol0')).toBe('stopProxyVol:already under stopping wlog:vol0');
      await site.sleep(2);
      expect(site.messages('p0', 'error').at(-1)).toContain('stopProxyVol:timeout:60');
      expect(await proxy.state()).toBe('Started');
      isSlow = false;
      expect(await proxy.sendWlog(1, 2)).toBe(null);
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges().at(-1)).toBe('1-2 M');
    }));

  it('a second stop does not cancel the first', () =>
    withVolume({ reply: 'syncing' }, async ({ archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0', 'empty');
      await proxy.waitForState('WaitForEmpty');
      expect(await proxy.command('stop', 'vol0', 'force')).toBe(
        'stopProxyVol:already under stopping wlog:vol0',
      );
      expect(await proxy.sendWlog(1, 2)).toBe('s2pWlogTransferServer:verifyStopState:vol0:2:1');
      archive.reply = () => 'accept';
      await proxy.waitForState('Stopped');
      expect(proxy.waiting()).toEqual([]);
    }));

  it('empty with an archive that is away: 60 s of waiting, then started again', () =>
    withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0', 'empty');
      await proxy.waitForState('WaitForEmpty');
      await site.sleep(59);
      expect(await proxy.state()).toBe('WaitForEmpty');
      await site.sleep(2);
      expect(await proxy.state()).toBe('Started');
      expect(
        site.messages('p0', 'error').some((text) => text.includes('stopAndEmptyProxyVol:timeout:60')),
      ).toBe(true);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'it goes on', 3);
      expect(await proxy.sendWlog(1, 2)).toBe(null);
    }));

  it('empty tries again what was given up', () =>
    withVolume({ reply: 'smaller-lv-size' }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await site.sleep(5);
      expect(archive.offered.length).toBe(1);
      await proxy.must('stop', 'vol0', 'empty');
      await site.sleep(10);
      expect(archive.offered.length).toBeGreaterThanOrEqual(9);
      archive.reply = () => 'accept';
      await proxy.waitForState('Stopped');
    }));
});
