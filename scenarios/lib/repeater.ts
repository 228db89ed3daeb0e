import type { Group } from '../../core/control/group.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { sleep } from '../../core/server/shared/condition.ts';
import type { Connection } from '../../core/world/index.ts';

/** Which way bytes go. */
export type Direction = 'to-server' | 'to-client';

/** What happens to the next conversation of a protocol, once. */
export interface RepeaterFault {
  /** Name of the protocol, for instance `wlog-transfer`. */
  readonly protocol: string;
  readonly direction: Direction;
  /** So many bytes of this direction pass before. */
  readonly atByte: number;
  /** Both connections end; the byte is changed; this direction is silent from there on. */
  readonly what: 'cut' | 'corrupt' | 'silence';
}

/** A conversation that went through. */
export interface PassedConversation {
  readonly protocol: string;
  readonly bytes: Readonly<Record<Direction, number>>;
}

const PART_BYTES = 4096;
const LONGEST_OPENING_BYTES = 200;
const CONNECT_TIMEOUT_US = 3_000_000;
const STEP = 'scenario.repeater';

/**
 * Stands between a server and its clients, as the original suites' packet-repeater does: relays bytes in both
 * directions, and lets chosen conversations go wrong at a chosen byte. Clients use `server` in place of the real one.
 */
export class Repeater {
  /** The real server under the address of the repeater. */
  readonly server: ServerConnectionParam;
  readonly passed: PassedConversation[] = [];
  /** Strikes the next conversation of its protocol, and is null again. */
  fault: RepeaterFault | null = null;
  /** Seconds by which each piece comes later, in each direction. */
  delayS = 0;
  readonly #group: Group;
  readonly #target: ServerConnectionParam;

  private constructor(group: Group, target: ServerConnectionParam, port: number) {
    this.#group = group;
    this.#target = target;
    this.server = { ...target, address: { host: 'operator', port } };
  }

  /** Listens on the operator's host from now on. */
  static async open(group: Group, target: ServerConnectionParam): Promise<Repeater> {
    const port = target.address.port + 10_000;
    const listener = await group.world.network.listen(port, STEP);
    const repeater = new Repeater(group, target, port);
    const accept = async () => {
      for (let client = await listener.accept(STEP); client !== null; client = await listener.accept(STEP)) {
        void repeater.#relay(client);
      }
    };
    void accept();
    return repeater;
  }

  async #relay(client: Connection): Promise<void> {
    const opening = await readOpening(client);
    let server: Connection;
    try {
      server = await this.#group.world.network.connect(this.#target.address, CONNECT_TIMEOUT_US, STEP);
    } catch {
      client.close();
      return;
    }
    const protocol = opening.protocol;
    const fault = this.fault?.protocol === protocol ? this.fault : null;
    if (fault !== null) this.fault = null;
    const bytes: Record<Direction, number> = { 'to-server': 0, 'to-client': 0 };
    const pump = async (from: Connection, to: Connection, direction: Direction, first: Uint8Array | null) => {
      try {
        for (let part = first ?? (await from.read(PART_BYTES, STEP)); ; ) {
          if (part === null) break;
          if (this.delayS > 0) await sleep(this.#group.world.clock, this.delayS * 1e6);
          const strikes = fault?.direction === direction && bytes[direction] + part.length > fault.atByte;
          const passing = strikes ? struck(part, fault, bytes[direction]) : part;
          if (passing.length > 0) await to.write(passing, STEP);
          bytes[direction] += passing.length;
          if (strikes && fault.what === 'cut') throw new Error('cut');
          if (strikes && fault.what === 'silence') return await swallow(from);
          part = await from.read(PART_BYTES, STEP);
        }
        await to.end(STEP);
      } catch {
        // Whatever ends one side ends the other.
        from.close();
        to.close();
      }
    };
    await Promise.all([
      pump(client, server, 'to-server', opening.bytes),
      pump(server, client, 'to-client', null),
    ]);
    client.close();
    server.close();
    this.passed.push({ protocol, bytes });
  }
}

/** What passes of a part that a fault strikes. */
function struck(part: Uint8Array, fault: RepeaterFault, passedBytes: number): Uint8Array {
  const at = Math.max(0, fault.atByte - passedBytes);
  if (fault.what !== 'corrupt') return part.slice(0, at);
  const changed = part.slice();
  // Only the byte itself: behind it everything passes as it is.
  if (passedBytes <= fault.atByte) changed[at] = (changed[at] ?? 0) ^ 0x10;
  return changed;
}

async function swallow(from: Connection): Promise<void> {
  while ((await from.read(PART_BYTES, STEP)) !== null);
}

/** The first bytes of a client, as far as they tell the protocol. */
async function readOpening(client: Connection): Promise<{ protocol: string; bytes: Uint8Array | null }> {
  let bytes = new Uint8Array(0);
  while (bytes.length < LONGEST_OPENING_BYTES) {
    const part = await client.read(PART_BYTES, STEP).catch(() => null);
    if (part === null) break;
    const longer = new Uint8Array(bytes.length + part.length);
    longer.set(bytes);
    longer.set(part, bytes.length);
    bytes = longer;
    const text = String.fromCharCode(...bytes.subarray(0, LONGEST_OPENING_BYTES));
    // Client id and protocol are texts, what is around them is no part of a name.
    const protocol = text.match(/[a-z0-9-]+/g)?.[1];
    if (protocol !== undefined) return { protocol, bytes };
  }
  return { protocol: '', bytes: bytes.length === 0 ? null : bytes };
}
