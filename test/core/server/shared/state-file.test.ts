import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IoError } from '../../../../core/errors.ts';
import { saveFile } from '../../../../core/server/shared/persist.ts';
import { ProcessStatus } from '../../../../core/server/shared/process-status.ts';
import { StateFile, SURE_STATE, UNSURE_STATE } from '../../../../core/server/shared/state-file.ts';
import { TaskGroup } from '../../../../core/server/shared/task-group.ts';
import type { FileStore } from '../../../../core/world/index.ts';
import { Site } from '../kit.ts';

const STEP = 'test';
const BASE = '/base';
const PATH = `${BASE}/state`;
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The calls that a save makes and that can fail, in their order. */
const SAVE_CALLS: readonly (keyof FileStore)[] = ['open', 'rename', 'changeMode', 'syncDirectory'];

/** What becomes of one call of a file store. */
type Fate = 'works' | 'fails' | 'fails behind its effect';

/** A store whose calls go as `fates` tells, in turn; later ones work. */
function fated(files: FileStore, fates: readonly Fate[]): FileStore {
  let calls = 0;
  return new Proxy(files, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver) as unknown;
      if (typeof value !== 'function') return value;
      return async (...words: unknown[]) => {
        const call = () => (value as (...all: unknown[]) => unknown).apply(target, words);
        if (!SAVE_CALLS.includes(name as keyof FileStore)) return call();
        const fate = fates[calls++] ?? 'works';
        if (fate !== 'fails') {
          const result = await call();
          if (fate === 'works') return result;
        }
        throw new IoError('EIO', `call ${calls} ${fate}`);
      };
    },
  });
}

interface Kept {
  readonly site: Site;
  readonly file: StateFile;
  readonly status: ProcessStatus;
  readonly group: TaskGroup;
  /** What a start after a power loss at this moment finds. */
  readonly survives: () => Promise<string>;
}

/** A state file that says `A`, on a store that fails as told. */
async function withStateFile(fates: readonly Fate[], test: (kept: Kept) => Promise<void>): Promise<void> {
  const site = new Site();
  await site.run(async () => {
    const { world, simulation } = site;
    await world.files.makeDirectory(BASE, STEP);
    await world.files.syncDirectory('/', STEP);
    await saveFile(world, BASE, 'state', bytesOf('A'), STEP);
    const files = fated(world.files, fates);
    const write = (state: string) => saveFile({ ...world, files }, BASE, 'state', bytesOf(state), STEP);
    const status = new ProcessStatus();
    const group = new TaskGroup(world.log);
    const survives = async () => {
      const host = simulation.host('operator');
      host.powerLoss();
      host.powerOn();
      return new Promise<string>((resolve) => {
        host.spawn('start', async (next) => {
          const handle = await next.files.open(PATH, 'read', STEP);
          resolve(new TextDecoder().decode(await handle.read(0, 10, STEP)));
          return 0;
        });
      });
    };
    await test({
      site,
      file: new StateFile(write, world.log, { world, status, group }),
      status,
      group,
      survives,
    });
  });
}

const fate = fc.constantFrom<Fate>('works', 'fails', 'fails behind its effect');

describe('the state file of a volume', () => {
  it('says what memory says, whichever calls failed, once the disk works again for a while', async () => {
    let retried = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { maxLength: 60 }),
        fc.array(fc.constantFrom('A', 'B', 'C'), { minLength: 1, maxLength: 4 }),
        async (fates, wishes) => {
          await withStateFile(fates, async ({ site, file, survives }) => {
            let memory = 'A';
            for (const to of wishes) {
              await file.change(memory, to, STEP).then(
                () => {
                  memory = to;
                },
                () => {},
              );
              await site.sleep(0.5);
            }
            await site.sleep(200);
            if (site.logText().includes(SURE_STATE)) retried += 1;
            expect(await survives()).toBe(memory);
          });
        },
      ),
      { numRuns: 150 },
    );
    expect(retried).toBeGreaterThan(10);
  });

  it('is saved once more when the server ends, and nothing is tried behind that', async () => {
    for (const isBroken of [false, true]) {
      const fates = Array.from({ length: isBroken ? 1000 : 16 }, (): Fate => 'fails behind its effect');
      await withStateFile(fates, async ({ site, file, status, group, survives }) => {
        await expect(file.change('A', 'B', STEP)).rejects.toThrow(/EIO|behind its effect/);
        expect(site.logText()).toContain(`${UNSURE_STATE} B`);
        expect(group.names).toEqual(['save-state']);
        status.shutdown('graceful');
        await group.join();
        if (!isBroken) expect(await survives()).toBe('A');
      });
    }
  });

  it('is said to be right again by whoever saves it next', async () => {
    // The save of B and three attempts at A fail, each at its first call.
    await withStateFile(Array<Fate>(4).fill('fails'), async ({ site, file, group, survives }) => {
      await expect(file.change('A', 'B', STEP)).rejects.toThrow(/EIO|fails/);
      expect(site.logText()).toContain(`${UNSURE_STATE} B`);
      await file.change('A', 'C', STEP);
      expect(site.logText()).toContain(`${SURE_STATE} C`);
      await site.sleep(20);
      expect(group.names).toEqual([]);
      expect(site.logText().split(SURE_STATE).length).toBe(2);
      expect(await survives()).toBe('C');
    });
  });

  it('is not saved later for a volume that is gone', async () => {
    await withStateFile(Array<Fate>(16).fill('fails'), async ({ site, file, group }) => {
      await expect(file.change('A', 'B', STEP)).rejects.toThrow(/EIO|fails/);
      file.forget();
      await site.sleep(20);
      expect(group.names).toEqual([]);
      expect(site.logText()).not.toContain(SURE_STATE);
    });
  });
});
