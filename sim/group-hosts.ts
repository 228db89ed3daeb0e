import type { GroupFiles } from '../core/control/group.ts';
import type { ServerConnectionParam } from '../core/control/server-layout.ts';
import { NotFoundError, StateError } from '../core/errors.ts';
import type { Lb } from '../core/units.ts';
import { PAGE_BYTES } from './file-system-inode.ts';
import type { SimHost } from './host.ts';
import type { SimWorld } from './world.ts';

/** What can be done to the hosts of a simulated group. */

/** Base directory of each server on its own host. */
export const BASE_DIRECTORY = '/walb';
const STEP = 'group.host';

/** The server's files, outside of virtual time. */
export function filesOf(host: SimHost): GroupFiles {
  const below = `${BASE_DIRECTORY}/`;
  return {
    list: () =>
      [...host.files.tree()]
        .filter(([path, { kind }]) => kind === 'file' && path.startsWith(below))
        .map(([path]) => path.slice(below.length)),
    read: (path) => {
      const bytes = host.files.peek(below + path);
      if (bytes === null) throw new NotFoundError(`${host.name} has no file ${path}.`);
      return bytes;
    },
    write: (path, bytes) => host.files.seed(below + path, bytes),
    removeAll: () => removeFiles(host),
  };
}

/** Leaves so much room; what is there stays. */
export function leaveRoom(
  host: SimHost,
  { fileBytes, volumeLb }: { readonly fileBytes?: number | null; readonly volumeLb?: Lb | null },
): void {
  if (fileBytes !== undefined) {
    const usedBytes = host.files.state.usedPages * PAGE_BYTES;
    host.files.setCapacity(fileBytes === null ? null : usedBytes + fileBytes);
  }
  if (volumeLb !== undefined && host.volumes !== null) {
    host.volumes.capacityLb = volumeLb === null ? null : host.volumes.usedLb() + volumeLb;
  }
}

/** Reads `/dev/GROUP/NAME` of an archive's host, as a program there would. */
export async function readVolume(host: SimHost, path: string): Promise<Uint8Array> {
  const name = path.split('/').at(-1) ?? '';
  return onHost(host, `read ${name}`, async (world) => {
    const volume = await world.volumes.open(name, 'read', 'group.read-volume');
    const bytes = await volume.read(0, volume.sizeLb(), 'group.read-volume');
    volume.close();
    return bytes;
  });
}

/** Lets a program of the host keep a volume open until the function that is returned is called. */
export function holdVolume(host: SimHost, path: string): Promise<() => void> {
  const name = path.split('/').at(-1) ?? '';
  return new Promise((resolve, reject) => {
    const process = host.spawn(`hold ${name}`, async (world) => {
      try {
        await world.volumes.open(name, 'read', 'group.hold-volume');
        resolve(() => process.kill());
      } catch (error) {
        reject(error);
        return 1;
      }
      return new Promise<number>(() => {});
    });
  });
}

/** Removes the server's files, and all volumes where there is a store. */
export async function loseData(host: SimHost, server: ServerConnectionParam): Promise<void> {
  await removeFiles(host);
  if (server.kind !== 'archive') return;
  await onHost(host, 'lose volumes', async (world) => {
    for (const { name } of await world.volumes.list(STEP)) await world.volumes.remove(name, STEP);
  });
}

async function removeFiles(host: SimHost): Promise<void> {
  await onHost(host, 'lose files', async (world) => {
    const remove = async (path: string): Promise<void> => {
      for (const { name, kind } of await world.files.list(path, STEP)) {
        if (kind === 'file') await world.files.unlink(`${path}/${name}`, STEP);
        else await remove(`${path}/${name}`);
      }
      await world.files.removeDirectory(path, STEP);
    };
    if ((await world.files.stat(BASE_DIRECTORY, STEP)) !== null) await remove(BASE_DIRECTORY);
  });
  host.files.syncAll();
}

/** Runs a small program on a host. */
function onHost<T>(host: SimHost, what: string, work: (world: SimWorld) => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const process = host.spawn(what, async (world) => {
      try {
        resolve(await work(world));
        return 0;
      } catch (error) {
        reject(error);
        return 1;
      }
    });
    void process.exited.then(() => reject(new StateError(`${host.name}: "${what}" was ended`)));
  });
}
