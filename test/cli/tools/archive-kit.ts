import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MemorySink } from '../../../core/engine/memory-stream.ts';
import { IoError } from '../../../core/errors.ts';
import { Channel } from '../../../core/protocol/channel.ts';
import { askGet, valueToLines } from '../../../core/protocol/get.ts';
import { negotiateAsClient } from '../../../core/protocol/negotiation.ts';
import { askVirtFullScan } from '../../../core/protocol/virt-full-scan.ts';
import { archiveOptions } from '../../../core/server/archive/options.ts';
import { runArchiveServer } from '../../../core/server/archive/server.ts';
import { ProcessStatus } from '../../../core/server/shared/process-status.ts';
import { US_PER_S } from '../../../core/units.ts';
import type { ArchiveWorld, Connection, Network, VolumeStore } from '../../../core/world/index.ts';
import { openFileDevice } from '../../../native/file-device.ts';
import { textLog } from '../../../native/log.ts';
import { nativeWorld } from '../../../native/world.ts';

/** An archive server on real files and a real TCP port, whose volumes are image files; what clients send is kept. */

const STEP = 'test';
const LB = 512;

/** Image files of a folder as thick volumes. */
function fileVolumes(folder: string): VolumeStore {
  const pathOf = (name: string) => join(folder, name);
  const info = (name: string) => {
    if (!existsSync(pathOf(name))) throw new IoError('ENOENT', `no volume ${name}`);
    return { name, sizeLb: statSync(pathOf(name)).size / LB, origin: null, writable: true };
  };
  return {
    thin: false,
    group: 'vg0',
    pool: '',
    list: async () => readdirSync(folder).map(info),
    async create(name, sizeLb) {
      writeFileSync(pathOf(name), new Uint8Array(0), { flag: 'wx' });
      truncateSync(pathOf(name), sizeLb * LB);
      return info(name);
    },
    async grow(name, sizeLb) {
      truncateSync(pathOf(name), sizeLb * LB);
      return sizeLb;
    },
    async snapshot(origin, name) {
      cpSync(pathOf(origin), pathOf(name), { errorOnExist: true, force: false });
      return { ...info(name), origin };
    },
    rename: async (from, to) => renameSync(pathOf(from), pathOf(to)),
    setWritable: async () => undefined,
    remove: async (name) => rmSync(pathOf(name)),
    open: (name, mode) => openFileDevice(pathOf(name), { writable: mode === 'write' }),
  };
}

export class RealArchive {
  readonly port: number;
  /** What the clients sent, a connection each. */
  readonly heard: readonly MemorySink[];
  readonly #world: ArchiveWorld;
  readonly #status: ProcessStatus;
  readonly #ended: Promise<number>;

  private constructor(
    port: number,
    heard: readonly MemorySink[],
    world: ArchiveWorld,
    status: ProcessStatus,
    ended: Promise<number>,
  ) {
    this.port = port;
    this.heard = heard;
    this.#world = world;
    this.#status = status;
    this.#ended = ended;
  }

  /** Starts a server in a folder, on files of a base directory and images of volumes, by name. */
  static async start(
    folder: string,
    files: ReadonlyMap<string, Uint8Array>,
    volumes: ReadonlyMap<string, Uint8Array>,
  ): Promise<RealArchive> {
    const [baseDirectory, images] = [join(folder, 'a0'), join(folder, 'volumes')];
    for (const path of [baseDirectory, images]) mkdirSync(path, { recursive: true });
    for (const [name, bytes] of files) {
      mkdirSync(dirname(join(baseDirectory, name)), { recursive: true });
      writeFileSync(join(baseDirectory, name), bytes);
    }
    for (const [name, bytes] of volumes) writeFileSync(join(images, name), bytes);
    const native = await nativeWorld(textLog('ERROR', () => undefined));
    const heard: MemorySink[] = [];
    let onListen: (port: number) => void = () => undefined;
    const listening = new Promise<number>((resolve) => {
      onListen = resolve;
    });
    const network: Network = {
      connect: native.network.connect,
      async listen(wanted, step) {
        const listener = await native.network.listen(wanted, step);
        onListen(listener.port);
        return {
          port: listener.port,
          close: () => listener.close(),
          async accept(acceptStep) {
            const connection = await listener.accept(acceptStep);
            return connection === null ? null : overheard(connection, heard);
          },
        };
      },
    };
    const world: ArchiveWorld = { ...native, network, volumes: fileVolumes(images), labelled: () => world };
    const status = new ProcessStatus();
    const options = archiveOptions({ nodeId: 'a0', baseDirectory, port: 0, discardPolicy: 'zero' });
    const ended = runArchiveServer(world, options, status);
    const port = await Promise.race([listening, ended]);
    return new RealArchive(port, heard, world, status, ended);
  }

  async stop(): Promise<void> {
    this.#status.shutdown('graceful');
    await this.#ended;
  }

  async #open(protocol: string): Promise<Channel> {
    const address = { host: '127.0.0.1', port: this.port };
    const connection = await this.#world.network.connect(address, 10 * US_PER_S, STEP);
    connection.setTimeouts(30 * US_PER_S, 30 * US_PER_S);
    const channel = new Channel(connection);
    await negotiateAsClient(channel, 'ctl', protocol);
    return channel;
  }

  /** What `walbc get` prints. */
  async get(...words: string[]): Promise<string[]> {
    const channel = await this.#open('get');
    try {
      return valueToLines(await askGet(channel, words));
    } finally {
      channel.close();
    }
  }

  /** The volume as of a gid, as `walbc virt-full-scan` reads it. */
  async imageAt(volId: string, gid: number): Promise<Uint8Array> {
    const channel = await this.#open('virt-full-scan');
    let image = new Uint8Array(0);
    try {
      await askVirtFullScan(channel, [volId, String(gid), '64K'], {
        bulkLb: 128,
        codecs: this.#world.codecs,
        open: async (sizeLb) => {
          image = new Uint8Array(sizeLb * LB);
        },
        async writeChunk(addressLb, _sizeLb, data) {
          if (data !== null) image.set(data, addressLb * LB);
        },
        sync: async () => undefined,
      });
    } finally {
      channel.close();
    }
    return image;
  }
}

function overheard(connection: Connection, heard: MemorySink[]): Connection {
  const bytesOf = new MemorySink();
  heard.push(bytesOf);
  return {
    peer: connection.peer,
    setTimeouts: (readUs, writeUs) => connection.setTimeouts(readUs, writeUs),
    async read(maxBytes, step) {
      const bytes = await connection.read(maxBytes, step);
      if (bytes !== null) await bytesOf.write(bytes);
      return bytes;
    },
    write: (bytes, step) => connection.write(bytes, step),
    end: (step) => connection.end(step),
    close: () => connection.close(),
  };
}
