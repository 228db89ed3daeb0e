import { type Lb, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { KeyedRandom } from '../../sim/random.ts';
import type { RecordedDevice } from '../lib/recorded-device.ts';

/** One thing that an application does to its device. */
export type WorkloadStep =
  /** Writes blocks whose bytes come from `key`: other keys, other bytes. Key 0 writes zeros. */
  | { readonly kind: 'write'; readonly addressLb: Lb; readonly sizeLb: Lb; readonly key: number }
  | { readonly kind: 'discard'; readonly addressLb: Lb; readonly sizeLb: Lb }
  /** Everything answered so far survives a power loss. */
  | { readonly kind: 'flush' };

/** What an application does to its device, one after the other. Plain JSON. */
export type Workload = readonly WorkloadStep[];

/** Performs a workload on a device of a site (`site.device(s0)`); its ledger hears of every step. */
export async function performWorkload(device: RecordedDevice, workload: Workload): Promise<void> {
  for (const step of workload) {
    switch (step.kind) {
      case 'write':
        await device.write(step.addressLb, bytesOfKey(step.key, step.sizeLb * LOGICAL_BLOCK_BYTES));
        break;
      case 'discard':
        await device.discard(step.addressLb, step.sizeLb);
        break;
      case 'flush':
        await device.flush();
        break;
    }
  }
}

function bytesOfKey(key: number, sizeBytes: number): Uint8Array {
  if (key === 0) return new Uint8Array(sizeBytes);
  return new KeyedRandom(key).at('workload').bytes(sizeBytes);
}
