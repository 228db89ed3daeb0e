import type { Lb } from '../units.ts';
import type { BlockDevice } from './block-device.ts';
import type { Step } from './step.ts';

/**
 * Named block volumes with snapshots: LVM in the original, see docs/architecture.md.
 *
 * Guarantees: create, snapshot, grow, rename, setWritable and remove are all-or-nothing, and durable when they
 * return; a failed one may have taken effect (list again before retrying). A snapshot is the content at one
 * instant, completed writes included whether flushed or not, and never changes afterwards through its origin.
 * Names never alias: after a crash each volume is found under exactly one name. An open volume stays readable
 * through rename; removing an open volume throws IoError EBUSY.
 */
export interface VolumeStore {
  /**
   * Thin: snapshots can be origins, survive their origin and can become writable; unwritten, discarded and
   * grown ranges read as zeros. Thick: none of these.
   */
  readonly thin: boolean;
  /** Volume group, and thin pool or empty; shown to operators. */
  readonly group: string;
  readonly pool: string;
  list(step: Step): Promise<VolumeInfo[]>;
  create(name: string, sizeLb: Lb, step: Step): Promise<VolumeInfo>;
  /** Returns the actual size, at least the requested one. */
  grow(name: string, sizeLb: Lb, step: Step): Promise<Lb>;
  snapshot(origin: string, name: string, writable: boolean, step: Step): Promise<VolumeInfo>;
  rename(from: string, to: string, step: Step): Promise<void>;
  setWritable(name: string, writable: boolean, step: Step): Promise<void>;
  remove(name: string, step: Step): Promise<void>;
  open(name: string, mode: 'read' | 'write', step: Step): Promise<BlockDevice>;
}

/** A volume as the store lists it. */
export interface VolumeInfo {
  readonly name: string;
  readonly sizeLb: Lb;
  /** Name of the volume that this is a snapshot of, else null. */
  readonly origin: string | null;
  readonly writable: boolean;
}
