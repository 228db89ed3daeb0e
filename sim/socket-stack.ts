import { IoError } from '../core/errors.ts';
import type { Labels, Listener, Step } from '../core/world/index.ts';
import { callInfo } from './call-info.ts';
import type { SocketHost } from './endpoint.ts';
import type { Incarnation } from './incarnation.ts';
import { SimListener } from './listener.ts';
import type { SimNetwork } from './network.ts';

const FIRST_EPHEMERAL_PORT = 32_768;
const EPHEMERAL_PORTS = 28_232;

/** What the kernel of one host knows of the network: who listens where. */
export class SocketStack implements SocketHost {
  readonly name: string;
  powered = true;
  /** Connection attempts so far. */
  attempts = 0;
  readonly listeners = new Map<number, SimListener>();
  readonly #network: SimNetwork;
  #ephemeralCount = 0;

  constructor(network: SimNetwork, name: string) {
    this.#network = network;
    this.name = name;
  }

  ephemeralPort(): number {
    const port = FIRST_EPHEMERAL_PORT + (this.#ephemeralCount % EPHEMERAL_PORTS);
    this.#ephemeralCount += 1;
    return port;
  }

  listen(incarnation: Incarnation, labels: Labels, port: number, step: Step): Promise<Listener> {
    return incarnation.callNow(callInfo('net.listen', step, labels, `port ${port}`), () => {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new IoError('EINVAL', `Port ${port} was given; expected 1 to 65535.`);
      }
      if (this.listeners.has(port)) throw new IoError('EADDRINUSE', `Port ${port} of ${this.name} is taken.`);
      const { backlog } = this.#network.settings;
      const listener: SimListener = new SimListener(incarnation, labels, port, backlog, () => {
        if (this.listeners.get(port) === listener) this.listeners.delete(port);
      });
      this.listeners.set(port, listener);
      return listener;
    });
  }

  /** The power goes: call before the processes are ended, so that no peer hears of it. */
  powerOff(): void {
    this.powered = false;
    this.listeners.clear();
    this.#network.powerLost(this.name);
  }

  powerOn(): void {
    this.powered = true;
    this.#network.powerRestored(this.name);
  }

  waits(): string[] {
    return [...this.listeners.values()].flatMap((listener) => listener.waits());
  }
}
