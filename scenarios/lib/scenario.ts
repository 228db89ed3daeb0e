import type { Capability, Group } from '../../core/control/group.ts';
import type { Story } from './story.ts';

/** What a scenario may be told from outside. */
export interface ScenarioInput {
  readonly seed: number;
  /** A disk image that the volume shall begin with, in place of the fixture. */
  readonly image: Uint8Array | null;
  /**
   * Called at named points of the story, so that tests can spoil things there and see that it is noticed.
   * Scenarios await it; people leave it out.
   */
  readonly at?: (point: string, group: Group) => Promise<void>;
}

/** What a scenario found: `passed` decides the exit code. */
export interface ScenarioOutcome {
  readonly passed: boolean;
  /** One sentence. */
  readonly summary: string;
}

/**
 * A runnable story (docs/writing-scenarios.md): plain steps of an operator against a backup group, judged by
 * ledgers. A world that lacks a capability reports it as not applicable.
 */
export interface Scenario {
  /** As typed after `walbox run`. */
  readonly name: string;
  /** In a sentence: what must be seen to work. */
  readonly purpose: string;
  /** Servers, for instance `s0/p0/a0`. */
  readonly layout: string;
  readonly needs: readonly Capability[];
  /** Size of each walb device in MiB (default 16). */
  readonly deviceMib?: number;
  /** Size of each log device in MiB (default 16). */
  readonly logMib?: number;
  readonly run: (group: Group, story: Story, input: ScenarioInput) => Promise<ScenarioOutcome>;
}
