import { errorText } from '../core/errors.ts';
import { callInfo } from './call-info.ts';
import type { SimHost } from './host.ts';
import type { Incarnation } from './incarnation.ts';
import { NO_LABELS, traceEvent } from './kernel.ts';
import type { SimWorld } from './world.ts';

/** A program: gets its world, returns its exit status. */
export type ProcessMain = (world: SimWorld) => Promise<number>;

export type ProcessState = 'running' | 'exited' | 'killed';

/** One life of a process of a host. */
export class SimProcess {
  readonly name: string;
  readonly host: SimHost;
  readonly main: ProcessMain;
  readonly incarnation: Incarnation;
  state: ProcessState = 'running';
  /** Exit status; null while it runs and when it was killed. */
  exitCode: number | null = null;
  /** Settles when this life ends, with the exit status or null when it was killed. */
  readonly exited: Promise<number | null>;
  #settleExited!: (exitCode: number | null) => void;

  constructor(host: SimHost, name: string, main: ProcessMain, incarnation: Incarnation, world: SimWorld) {
    this.host = host;
    this.name = name;
    this.main = main;
    this.incarnation = incarnation;
    this.exited = new Promise((resolve) => {
      this.#settleExited = resolve;
    });
    const failed = (error: unknown) => {
      if (!incarnation.alive) return;
      world.log.error(`The process ends by an error: ${errorText(error)}`);
      this.#ended('exited', 1);
    };
    incarnation.onProgramError = failed;
    this.#trace('process.start');
    incarnation.schedule(incarnation.kernel.loop.nowUs, () => {
      main(world).then((exitCode) => incarnation.deliver(() => this.#ended('exited', exitCode)), failed);
    });
  }

  /** Ends this life at once, from outside (kill -9): files stay, connections end, nothing of it runs any more. */
  kill(): void {
    this.#ended('killed', null);
  }

  /** Stops it without ending it (SIGSTOP); its kernel goes on. */
  pause(): void {
    if (this.state !== 'running' || this.incarnation.paused) return;
    this.#trace('process.pause');
    this.incarnation.pause();
  }

  resume(): void {
    if (this.state !== 'running' || !this.incarnation.paused) return;
    this.#trace('process.resume');
    this.incarnation.resume();
  }

  /** Starts the same program again, after this life ended. */
  restart(): SimProcess {
    return this.host.spawn(this.name, this.main);
  }

  #ended(state: ProcessState, exitCode: number | null): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.exitCode = exitCode;
    this.#trace(
      state === 'killed' ? 'process.kill' : 'process.exit',
      exitCode === null ? '' : `status ${exitCode}`,
    );
    this.incarnation.kill();
    this.host.processEnded(this);
    this.#settleExited(exitCode);
  }

  #trace(kind: string, detail = ''): void {
    const { kernel, host, name } = this.incarnation;
    if (kernel.trace !== null) traceEvent(kernel, host, name, callInfo(kind, '', NO_LABELS, detail));
  }
}
