import { types } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { FormatError } from '../../core/errors.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { namesOf } from '../../scenarios/lib/shell/scenario.ts';
import { makeShell, type Shell } from '../../scenarios/lib/shell/shell.ts';
import { newSimulation } from '../../scenarios/lib/simulate.ts';
import { Site } from '../../scenarios/lib/site.ts';
import { Story, virtualTimeText } from '../../scenarios/lib/story.ts';
import { createSimGroup } from '../../sim/group.ts';
import { parseGroupLayout, parseSpares } from '../../sim/group-layout.ts';
import { logLineToText } from '../../sim/log.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { saveSession, type TypedLine } from './save.ts';
import { errorSentence, isTypingError, resultText } from './show.ts';
import type { Translation } from './translate.ts';

/** How the group of a session is made. */
export interface SessionOptions {
  readonly layout: string;
  readonly spares: string;
  readonly seed: number;
  readonly deviceMib: number;
  readonly logMib: number;
  /** Walb devices of each storage. */
  readonly deviceCount: number;
  /** Where lines go. */
  readonly print: (line: string) => void;
}

const KEPT_LOG_LINES = 1000;

/** A simulated group and what was typed to it. Virtual time passes only while a line is carried out. */
export class Session {
  readonly options: SessionOptions;
  readonly shell: Shell;
  /** What lines can use, by name. */
  readonly names: Record<string, unknown>;
  readonly #simulation: Simulation;
  readonly #site: Site;
  readonly #log: string[];
  /** Told how many lines the story has, for a line that may have done nothing. */
  readonly #toldCount: () => number;
  readonly #lines: TypedLine[] = [];
  /** Lines are carried out one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #interrupt: (() => void) | null = null;
  #isSaving = false;

  private constructor(
    options: SessionOptions,
    simulation: Simulation,
    site: Site,
    log: string[],
    toldCount: () => number,
  ) {
    this.options = options;
    this.#simulation = simulation;
    this.#site = site;
    this.#log = log;
    this.#toldCount = toldCount;
    this.shell = makeShell(site, namesOf(options));
    const { servers, devices, ...rest } = this.shell;
    const own = {
      print: (...values: unknown[]) => options.print(values.map(resultText).join(' ')),
      save: (path: string) => {
        this.#isSaving = true;
        return this.save(path);
      },
    };
    for (const name of Object.keys(servers)) {
      if (name in rest || name in own || name in devices)
        throw new FormatError(`${name} cannot be the name of a server: the shell uses it.`);
    }
    this.names = createContext({ ...rest, ...own, ...servers, ...devices });
  }

  /** Makes the group and starts its servers. */
  static async open(options: SessionOptions): Promise<Session> {
    const log: string[] = [];
    const simulation = await newSimulation(options.seed, {
      log: (line) => {
        if (line.level === 'debug') return;
        log.push(logLineToText(line));
        if (log.length > KEPT_LOG_LINES) log.shift();
      },
    });
    const group = await simulation.run(() =>
      createSimGroup(simulation, {
        layout: parseGroupLayout(options.layout),
        spares: parseSpares(options.spares),
        deviceCount: options.deviceCount,
        deviceSizeLb: (options.deviceMib * MIB) / LOGICAL_BLOCK_BYTES,
        logSizeLb: (options.logMib * MIB) / LOGICAL_BLOCK_BYTES,
        archive: { discardPolicy: 'zero' },
        print: options.print,
      }),
    );
    let toldCount = 0;
    const story = new Story(group, () => {
      toldCount += 1;
    });
    const site = new Site(group, story, { seed: options.seed, image: null });
    return new Session(options, simulation, site, log, () => toldCount);
  }

  /** Virtual time since the start. */
  get timeText(): string {
    return virtualTimeText(this.#simulation.nowUs);
  }

  /** Carries a line out and prints what it gave, or why it failed. Returns whether it worked. */
  evaluate(typed: string, translation: Translation): Promise<boolean> {
    const done = this.#queue.then(() => this.#carryOut(typed, translation));
    this.#queue = done;
    return done;
  }

  /** Waits until every line is carried out. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  /** Gives the line up that is being carried out; what it began goes on. */
  interrupt(): void {
    this.#interrupt?.();
  }

  /** The last lines that the servers logged, debug lines left out. */
  logLines(count: number): readonly string[] {
    return this.#log.slice(-count);
  }

  /** Writes what was typed as a scenario file; returns how to run it. Throws what writing throws. */
  save(path: string): string {
    return saveSession(path, this.options, this.shell, this.#lines);
  }

  /** What worked or was refused so far. */
  get lines(): readonly TypedLine[] {
    return this.#lines;
  }

  async #carryOut(typed: string, { body, statements, assigned }: Translation): Promise<boolean> {
    const before = this.timeText;
    const begun = this.#marks(assigned);
    const interrupted = new Promise<typeof INTERRUPTED>((resolve) => {
      this.#interrupt = () => resolve(INTERRUPTED);
    });
    const keep = (outcome: TypedLine['outcome']) => {
      if (!this.#isSaving) this.#lines.push({ typed, statements, assigned, outcome, atText: before });
      this.#isSaving = false;
    };
    try {
      const run = () => runInContext(`(async () => {\n${body}\n})()`, this.names) as Promise<unknown>;
      const result = await this.#simulation.run(() => Promise.race([run(), interrupted]));
      if (result === INTERRUPTED) {
        this.options.print('interrupted; what was begun goes on');
        keep({ kind: 'interrupted' });
        return false;
      }
      const text = resultText(result);
      if (text !== '') this.options.print(text);
      keep({ kind: 'done' });
      return true;
    } catch (error) {
      this.options.print(`error: ${errorSentence(error)}`);
      // A slip of the user's that did nothing is no part of the story.
      if (!isTypingError(error) || this.#marks(assigned).some((mark, i) => mark !== begun[i]))
        keep({ kind: 'refused', reason: types.isNativeError(error) ? error.message : String(error) });
      this.#isSaving = false;
      return false;
    } finally {
      this.#interrupt = null;
    }
  }

  /** What a line that does something changes: virtual time, the story, the variables that it assigns. */
  #marks(assigned: readonly string[]): unknown[] {
    const { nowUs } = this.#simulation;
    return [nowUs, this.#toldCount(), ...assigned.map((name) => this.names[name])];
  }

  /** Restored images that were judged right. */
  get judgedCount(): number {
    return this.#site.judgedCount;
  }
}

const INTERRUPTED: unique symbol = Symbol('interrupted');
