import type { Capability, Group } from '../../core/control/group.ts';
import type { ArchiveOptions } from '../../core/server/archive/options.ts';
import type { ProxyOptions } from '../../core/server/proxy/options.ts';
import type { StorageOptions } from '../../core/server/storage/options.ts';
import type { ChaosHistory } from '../../sim/chaos/run.ts';
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
  /** Rows for programs: what was measured, judged or listed. */
  readonly details?: readonly Readonly<Record<string, string | number | boolean>>[];
  /** The world lacks something that the scenario needs: it was not run. */
  readonly isNotApplicable?: boolean;
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
  /** Servers that wait to replace others, for instance `s2/p2/a2`; parts may be empty. */
  readonly spares?: string;
  readonly needs: readonly Capability[];
  /** Walb devices of each storage (default 1). */
  readonly deviceCount?: number;
  /** Size of each walb device in MiB (default 16), or what it is for an input. */
  readonly deviceMib?: number | ((input: ScenarioInput) => number);
  /** Size of each log device in MiB (default 16), or what it is for an input. */
  readonly logMib?: number | ((input: ScenarioInput) => number);
  /** What archives keep images on; thick volumes begin with old data (default thin). */
  readonly volumes?: 'thin' | 'thick';
  /** How long disks of storages take for a flush (default a millisecond). */
  readonly diskFlushS?: number;
  /** What a power loss may do to servers' files (default ext4; posix: anything that is not synced; docs/fault-model.md). */
  readonly fileSystem?: 'ext4' | 'xfs' | 'posix';
  /** Options of all servers of a kind. */
  readonly storageOptions?: Partial<StorageOptions>;
  readonly proxyOptions?: Partial<ProxyOptions>;
  readonly archiveOptions?: Partial<ArchiveOptions>;
  /** A history of chaos that is played and judged in place of `run` (docs/chaos.md, "Scenario files"). */
  readonly history?: ChaosHistory;
  readonly run: (group: Group, story: Story, input: ScenarioInput) => Promise<ScenarioOutcome>;
}
