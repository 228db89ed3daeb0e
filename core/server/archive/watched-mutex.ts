import { US_PER_S } from '../../units.ts';
import type { World } from '../../world/index.ts';
import { Mutex } from '../shared/mutex.ts';

/** A mutex that logs who waited for it, or held it, for longer than operators like. */
export class WatchedMutex extends Mutex {
  readonly #world: World;
  readonly #name: string;
  readonly #thresholdUs: number;

  constructor(world: World, name: string, thresholdS: number) {
    super();
    this.#world = world;
    this.#name = name;
    this.#thresholdUs = thresholdS * US_PER_S;
  }

  override async acquire(): Promise<() => void> {
    const askedUs = this.#world.clock.monotonicUs();
    const release = await super.acquire();
    const gotUs = this.#world.clock.monotonicUs();
    this.#warn('waited for', gotUs - askedUs);
    return () => {
      this.#warn('held', this.#world.clock.monotonicUs() - gotUs);
      release();
    };
  }

  #warn(what: string, durationUs: number): void {
    if (durationUs <= this.#thresholdUs) return;
    this.#world.log.warning(
      `lock was ${what} too long:${this.#name}:${(durationUs / US_PER_S).toFixed(3)} s`,
    );
  }
}
