import { NotFoundError, StateError } from '../core/errors.ts';
import type { StorageFault } from './fault-kinds.ts';
import { type Inode, PAGE_BYTES, rotByte } from './file-system-inode.ts';
import type { SimHost } from './host.ts';

/** What ends a storage fault, and when; null where only writing or a restart ends it. */
export interface StorageRepair {
  readonly afterUs: number | null;
  readonly repair: () => void;
}

/** Lets a fault of files, disks or volumes happen now. Throws NotFoundError and StateError. */
export function breakStorage(host: SimHost, fault: StorageFault): StorageRepair | null {
  switch (fault.kind) {
    case 'files-mode':
      host.files.setMode(fault.mode);
      return { afterUs: fault.forUs, repair: () => host.files.setMode('read-write') };
    case 'files-full': {
      // Back to what it was made with: two such faults may overlap.
      const { parameters, usedPages } = host.files.state;
      host.files.setCapacity(usedPages * PAGE_BYTES + fault.leaveBytes);
      return { afterUs: fault.forUs, repair: () => host.files.setCapacity(parameters.capacityBytes) };
    }
    case 'sync-failures':
      host.files.failSyncs(fault.count);
      return { afterUs: null, repair: () => host.files.failSyncs(0) };
    case 'medium-mode': {
      const medium = host.medium(fault.medium);
      medium.mode = fault.mode;
      return {
        afterUs: fault.forUs,
        repair: () => {
          medium.mode = 'up';
        },
      };
    }
    case 'medium-damage': {
      const medium = host.medium(fault.medium);
      if (fault.damage === 'unreadable') medium.faults.makeUnreadable(fault.addressLb, fault.sizeLb);
      else for (let i = 0; i < fault.sizeLb; i++) medium.rot(fault.addressLb + i);
      return null;
    }
    case 'file-rot': {
      const files = filesEndingIn(host.files.state.root, fault.suffix).filter(
        ({ sizeBytes }) => sizeBytes > 0,
      );
      const file = files[fault.nth % Math.max(1, files.length)];
      if (file === undefined) throw new NotFoundError(`Host ${host.name} has no file *${fault.suffix}.`);
      if (!rotByte(file, fault.offset % file.sizeBytes, fault.mask & 0xff || 1)) {
        throw new NotFoundError(`There is a hole at ${fault.offset}.`);
      }
      host.files.state.changeCount += 1;
      return null;
    }
    case 'volumes-full': {
      const { volumes } = host;
      if (volumes === null) throw new StateError(`Host ${host.name} has no volume store.`);
      volumes.capacityLb = volumes.usedLb() + fault.leaveLb;
      return {
        afterUs: fault.forUs,
        repair: () => {
          volumes.capacityLb = volumes.madeCapacityLb;
        },
      };
    }
  }
}

/** In the order of their paths. */
function filesEndingIn(folder: Inode, suffix: string): Inode[] {
  return [...folder.entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, inode]) => {
      if (inode.kind === 'directory') return filesEndingIn(inode, suffix);
      return name.endsWith(suffix) ? [inode] : [];
    });
}
