import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WalbDevice } from '../../../core/device/index.ts';
import { outcome } from '../../../core/device/request.ts';
import type { BlockDevice } from '../../../core/world/index.ts';
import { type Act, act, type ModelRun, type Place, rigOptions } from './acts.ts';
import type { DiskCall } from './crash-disk.ts';
import { Rig, STEP, spoil, tagged, tagsOf } from './harness.ts';
import { superOf, walkLog } from './log-walk.ts';
import { Model, type ModelOp } from './model.ts';

/**
 * The device against a plain array: anything an application and an operator can do, many at once, with
 * crashes of the kernel and power losses of the disks at any moment, also while redo runs.
 */

/** Counts what the runs met, to see that they are not tame. */
const seen = new Map<string, number>();
function count(what: string, by = 1): void {
  seen.set(what, (seen.get(what) ?? 0) + by);
}

class Run {
  readonly rig: Rig;
  readonly model: Model;
  device!: WalbDevice;
  face!: BlockDevice;
  #outstanding = new Set<Promise<void>>();
  #failure: unknown = null;
  #frozen = false;
  /** Tags of writes after the last crash are in the log one after another, none left out. */
  #firstTagOfLife = 1;
  #oldestUnknown = true;

  constructor(options: ModelRun) {
    this.rig = new Rig(options);
    this.model = new Model(options.sizeLb ?? 256, options.discardMode ?? 'zero');
    this.rig.ldev.maxLatencyUs = options.ldevLatencyUs;
    this.rig.ddev.onCall = (call) => this.#checkWriteAhead(call);
  }

  /** No data may go to the data device that the log, as it is durable now, would not replay. */
  #checkWriteAhead(call: DiskCall): void {
    if (call.kind !== 'write') return;
    count('data writes');
    const image = this.rig.ldev.durable;
    const sector = superOf(image, this.rig.ldev.pbs);
    const logged = walkLog(image, sector, sector.writtenLsid).flatMap((pack) => pack.ios);
    const data = call.data as Uint8Array;
    const isLogged = logged.some(
      (io) => io.addressLb === call.addressLb && Buffer.compare(io.data, data) === 0,
    );
    if (!isLogged) this.#failure ??= new Error(`${call.step} at ${call.addressLb} before its log is durable`);
  }

  async start(): Promise<void> {
    await this.rig.format();
    await this.#open(this.rig.opening());
  }

  async #open(opening: Promise<WalbDevice>): Promise<void> {
    this.device = await this.rig.run(opening);
    this.face = this.device.openData();
    this.#frozen = false;
  }

  #track(promise: Promise<void>): void {
    const tracked = promise.catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#outstanding.add(tracked);
    void tracked.then(() => this.#outstanding.delete(tracked));
  }

  #range(act: { at: number; size: number }, maxLb: number): [number, number] {
    const addressLb = act.at % this.model.sizeLb;
    return [addressLb, 1 + (act.size % Math.min(maxLb, this.model.sizeLb - addressLb))];
  }

  async do(act: Act): Promise<void> {
    const { rig, model, device, face } = this;
    switch (act.do) {
      case 'write':
        this.#write(act, act);
        return;
      case 'burst':
        for (const one of act.writes) this.#write(one, { fua: false, preflush: false });
        return rig.sleep(act.us);
      case 'discard': {
        const [addressLb, sizeLb] = this.#range(act, 1000);
        const op = model.submit('discard', addressLb, sizeLb);
        this.#track(face.discard(addressLb, sizeLb, STEP).then(() => this.#acked(op, !rig.ldev.hasCache)));
        return;
      }
      case 'flush': {
        const ops = model.ops;
        const covered = model.ackedCount;
        this.#track(
          face.flush(STEP).then(() => {
            if (model.ops === ops) model.mustSurvive(covered);
          }),
        );
        return;
      }
      case 'read':
        return this.#read(act);
      case 'settle':
        return this.#settle();
      case 'sleep':
        return rig.sleep(act.us);
      case 'checkpoint':
        return rig.run(device.forceCheckpoint());
      case 'set-oldest': {
        await rig.run(device.forceCheckpoint());
        const { prevWritten, oldest } = device.lsids();
        const error = await rig.run(outcome(device.setOldestLsid(prevWritten)));
        // Its header may have been overwritten meanwhile, if the log is too small for what was written.
        if (error !== null && device.isLogOverflow) return;
        expect(error).toBe(null);
        if (prevWritten > oldest) this.#oldestUnknown = false;
        return;
      }
      case 'extract':
        return this.#extract();
      case 'freeze': {
        await rig.run(device.freeze(act.seconds));
        this.#frozen = act.seconds === 0;
        const { latest, completed, written } = device.lsids();
        expect([completed, written]).toEqual([latest, latest]);
        return;
      }
      case 'melt':
        this.#frozen = false;
        return rig.run(device.melt());
      case 'reset': {
        const submitted = model.ops.length;
        const ops = model.ops;
        if (device.freezeState !== 'melted') {
          await rig.run(expectRefused(device.resetWal()));
          return;
        }
        await rig.run(device.resetWal());
        if (model.ops === ops) model.mustSurvive(submitted);
        expect(device.isLogOverflow && device.lsids().latest <= device.logCapacityPb).toBe(false);
        this.#firstTagOfLife = model.nextTag;
        this.#oldestUnknown = false;
        return;
      }
      case 'resize': {
        const sizeLb = Math.min(rig.ddev.sizeLb, model.sizeLb + act.by * rig.ldev.unitLb);
        await rig.run(device.resize(sizeLb));
        model.grow(sizeLb);
        return;
      }
      case 'restart':
        await rig.run(device.stop({ force: true }));
        await this.#settleAfterStop();
        await this.#open(rig.opening());
        expect(device.lsids().latest).toBe(this.device.lsids().latest);
        expect(this.device.redone.packCount).toBe(0);
        return;
      case 'crash':
        return this.#crash(act);
    }
  }

  #write(where: Place, options: { fua: boolean; preflush: boolean }): void {
    const { rig, model } = this;
    // IOs that are not cut: whole in the log or not at all.
    const maxLb = Math.min(12, (this.device.logCapacityPb - 1) * rig.ldev.unitLb);
    const [addressLb, sizeLb] = this.#range(where, maxLb);
    const data = tagged(model.nextTag, addressLb, sizeLb);
    const op = model.submit('write', addressLb, sizeLb);
    const flushedCount = options.preflush && rig.ldev.hasCache ? model.ackedCount : 0;
    const { fua, preflush } = options;
    const written = this.face.write(addressLb, data, STEP, { fua, preflush }).then(() => {
      if (model.ops.includes(op)) model.mustSurvive(flushedCount);
      this.#acked(op, fua || !rig.ldev.hasCache);
      spoil(data);
    });
    this.#track(written);
  }

  #acked(op: ModelOp, isDurable: boolean): void {
    op.acked = true;
    const i = this.model.ops.indexOf(op);
    if (i >= 0 && isDurable) this.model.mustSurvive(i + 1);
  }

  async #read(act: { at: number; size: number }): Promise<void> {
    const { model } = this;
    const [addressLb, sizeLb] = this.#range(act, 1000);
    const ackedCount = model.ackedCount;
    const tags = tagsOf(await this.rig.run(this.face.read(addressLb, sizeLb, STEP)), addressLb);
    const cells = model.readable(ackedCount, addressLb, sizeLb);
    for (const [i, tag] of tags.entries()) {
      if (cells[i].includes(tag)) continue;
      throw new Error(`block ${addressLb + i} reads ${tag}, allowed ${cells[i].join('|')}`);
    }
  }

  async #settle(): Promise<void> {
    if (this.#frozen) {
      this.#frozen = false;
      await this.rig.run(this.device.melt());
    }
    await this.rig.run(Promise.all(this.#outstanding));
  }

  async #settleAfterStop(): Promise<void> {
    await this.rig.run(Promise.all(this.#outstanding));
    this.model.mustSurvive(this.model.ops.length);
  }

  /** The log from `oldest` to `permanent` holds what was written, in order and without gap. */
  async #extract(): Promise<void> {
    const { device, rig, model } = this;
    if (device.isLogOverflow) {
      count('overflowed');
      return;
    }
    const { oldest, permanent } = device.lsids();
    // A pack may be durable in part only, up to a FUA write in it; readers take whole ones.
    const flushedCount = permanent === device.lsids().latest ? model.durableCount : 0;
    const view = device.openLog();
    const image = await rig.run(view.read(0, view.sizeLb(), STEP));
    if (device.isLogOverflow) return;
    const sector = superOf(image, rig.ldev.pbs);
    const packs = walkLog(image, { ...sector, salt: sector.salt }, oldest, permanent);
    const ios = packs.flatMap((pack) => pack.ios);
    count('wrapped', packs.some((pack) => pack.header.paddingCount > 0) ? 1 : 0);
    const walked = ios.filter((io) => io.kind === 'normal').map((io) => tagsOf(io.data, io.addressLb)[0]);
    for (let i = 1; i < walked.length; i++) expect(walked[i]).toBeGreaterThan(walked[i - 1]);
    const ofLife = walked.filter((tag) => tag >= this.#firstTagOfLife);
    const written = model.ops.filter((op) => op.kind === 'write' && op.tag >= ofLife[0]).map((op) => op.tag);
    expect(ofLife).toEqual(written.slice(0, ofLife.length));
    // Everything that was flushed is there, unless it was erased.
    if (this.#oldestUnknown) {
      const flushed = model.ops
        .slice(0, flushedCount)
        .filter((op) => op.kind === 'write' && op.tag >= this.#firstTagOfLife);
      expect(ofLife.length).toBeGreaterThanOrEqual(rig.ldev.hasCache ? flushed.length : 0);
    }
    count('extracted', walked.length);
  }

  async #crash(act: Extract<Act, { do: 'crash' }>): Promise<void> {
    const { rig, model } = this;
    const crash = () => {
      rig.crash({
        ...(act.ldev === 'kept' ? {} : { ldev: act.ldev }),
        ...(act.ddev === 'kept' ? {} : { ddev: act.ddev }),
      });
    };
    const inFlight = this.#outstanding.size;
    crash();
    this.#outstanding = new Set();
    for (const us of act.again) {
      const opening = rig.opening();
      opening.catch((error: unknown) => {
        this.#failure ??= error;
      });
      await rig.sleep(us);
      crash();
      count('crashes in redo');
    }
    await this.#open(rig.opening());
    count('crashes');
    count('crashes with IO in flight', inFlight > 0 ? 1 : 0);
    count('shrunk packs', this.device.redone.shrunk ? 1 : 0);
    count('redone packs', this.device.redone.packCount);
    // The size may be the old one, when resize did not get as far as the super sector.
    const sizeLb = this.device.sizeLb;
    const tags = tagsOf(await rig.run(this.face.read(0, sizeLb, STEP)), 0);
    const all = model.ops.length;
    const kept = model.recovered(tags);
    count('lost IOs', all - kept);
    this.#firstTagOfLife = model.nextTag;
    this.#oldestUnknown = true;
  }

  check(): void {
    if (this.#failure !== null) throw this.#failure;
    const l = this.device.lsids();
    const order = [l.oldest, l.prevWritten, l.written, l.permanent, l.flush, l.completed, l.latest];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(this.device.isReadOnly).toBe(false);
  }

  /** At rest nothing is kept in memory, and the data device itself has everything. */
  async finish(): Promise<void> {
    await this.#settle();
    await this.rig.sleep(200_000);
    this.check();
    expect(this.device.heldBytes).toBe(0);
    const { latest, written } = this.device.lsids();
    expect(written).toBe(latest);
    await this.#read({ at: 0, size: this.model.sizeLb - 1 });
    await this.#crash({ do: 'crash', ldev: 'blocks', ddev: 'blocks', again: [] });
    this.check();
  }
}

async function expectRefused(call: Promise<void>): Promise<void> {
  await expect(call).rejects.toMatchObject({ code: 'EFAULT' });
}

const runs = Number(process.env.WALBOX_DEVICE_RUNS ?? 300);

it('is a plain array whose tail may be lost in crashes', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      rigOptions,
      fc.array(act, { minLength: 5, maxLength: 50, size: 'max' }),
      async (options, acts) => {
        const run = new Run(options);
        await run.start();
        for (const one of acts) {
          await run.do(one);
          run.check();
        }
        await run.finish();
      },
    ),
    { numRuns: runs, seed: Number(process.env.WALBOX_DEVICE_SEED ?? 20) },
  );
  console.log(`device model: ${[...seen].map(([what, n]) => `${n} ${what}`).join(', ')}`);
  for (const what of [
    'crashes with IO in flight',
    'crashes in redo',
    'shrunk packs',
    'redone packs',
    'lost IOs',
    'wrapped',
    'overflowed',
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});
