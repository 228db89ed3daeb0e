import type { GroupDevice } from '../../core/control/group.ts';
import type { Gid, Lb } from '../../core/units.ts';
import { Ledger, type LedgerOptions } from '../../sim/ledger.ts';

/** A device whose every operation goes into a ledger, at submission and at answer. */
export class RecordedDevice {
  readonly device: GroupDevice;
  readonly ledger: Ledger;

  constructor(device: GroupDevice, options: LedgerOptions = {}) {
    this.device = device;
    this.ledger = new Ledger(options);
  }

  async write(addressLb: Lb, data: Uint8Array): Promise<void> {
    const operation = this.ledger.write(addressLb, data);
    await this.device.write(addressLb, data);
    this.ledger.answered(operation);
  }

  async discard(addressLb: Lb, sizeLb: Lb): Promise<void> {
    const operation = this.ledger.discard(addressLb, sizeLb);
    await this.device.discard(addressLb, sizeLb);
    this.ledger.answered(operation);
  }

  async flush(): Promise<void> {
    const answered = this.ledger.flush();
    await this.device.flush();
    answered();
  }

  /** Runs something that takes a snapshot and returns its gid, and records when. */
  async snapshot(take: () => Promise<Gid>): Promise<Gid> {
    const [gid = 0] = await this.snapshots(async () => [await take()]);
    return gid;
  }

  /** As snapshot, for something that takes several: each lies somewhere between the beginning and the end. */
  async snapshots(take: () => Promise<readonly Gid[]>): Promise<readonly Gid[]> {
    const answered = this.ledger.snapshot();
    const gids = await take();
    for (const gid of gids) answered(gid);
    return gids;
  }
}
