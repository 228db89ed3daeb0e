import { describe, expect, it } from 'vitest';
import { ActionCounters } from '../../../../core/server/shared/action-counter.ts';
import { Condition } from '../../../../core/server/shared/condition.ts';
import { Dispatcher } from '../../../../core/server/shared/dispatcher.ts';
import {
  collectTemporaryFiles,
  takeBaseDirectory,
  unlinkIfThere,
} from '../../../../core/server/shared/persist.ts';
import { logStates, parseStateChange, StateMachine } from '../../../../core/server/shared/state-machine.ts';
import { TaskQueue } from '../../../../core/server/shared/task-queue.ts';
import { Site } from '../kit.ts';

const STEP = 'test';

async function inSite(story: (site: Site) => Promise<void>): Promise<void> {
  const site = new Site();
  await site.run(() => story(site));
}

describe('tasks', () => {
  it('run so many at a time as they may, and the others wait in the queue', async () => {
    await inSite(async (site) => {
      const queue = new TaskQueue<number>(site.world.clock);
      const ends: (() => void)[] = [];
      const began: number[] = [];
      const dispatcher = new Dispatcher<number>(queue, 2, site.world.log, (task) => {
        began.push(task);
        return new Promise((resolve) => {
          ends.push(resolve);
        });
      });
      const running = dispatcher.run();
      for (let task = 0; task < 4; task++) queue.push(String(task), task, 0);
      await site.sleep(1);
      expect(began).toEqual([0, 1]);
      expect(queue.list().map(({ task }) => task)).toEqual([2, 3]);
      ends[0]?.();
      await site.sleep(1);
      expect(began).toEqual([0, 1, 2]);
      queue.close();
      for (const end of ends) end();
      await running;
      expect(began).toEqual([0, 1, 2]);
    });
  });

  it('that match are removed, and no others', async () => {
    await inSite(async (site) => {
      const queue = new TaskQueue<number>(site.world.clock);
      for (let task = 0; task < 5; task++) queue.push(String(task), task, 1000);
      queue.remove((task) => task % 2 === 1);
      expect(queue.list().map(({ task }) => task)).toEqual([0, 2, 4]);
    });
  });
});

describe('actions', () => {
  it('are counted, and the time is told at which the latest began', async () => {
    await inSite(async (site) => {
      const { clock } = site.world;
      const actions = new ActionCounters(clock, new Condition());
      expect(actions.beganAtS('Merge')).toBe(0);
      const end = actions.begin('Merge');
      const firstS = clock.wallTimeS();
      await site.sleep(10);
      expect(actions.beganAtS('Merge')).toBe(firstS);
      const endSecond = actions.begin('Merge');
      expect(actions.beganAtS('Merge')).toBe(firstS + 10);
      expect(actions.count('Merge')).toBe(2);
      end();
      end();
      expect([actions.count('Merge'), actions.count('Apply'), actions.total()]).toEqual([1, 0, 1]);
      endSecond();
      expect(actions.total()).toBe(0);
      expect(actions.beganAtS('Merge')).toBe(firstS + 10);
    });
  });
});

describe('changes of states', () => {
  it('are told once, and not where nothing changes', () => {
    const changes: string[] = [];
    const note = (from: string, to: string) => changes.push(`${from}>${to}`);
    const states = new StateMachine(
      [
        ['A', 'B'],
        ['B', 'C'],
      ],
      'A',
      new Condition(),
      note,
    );
    states.set('A');
    expect(changes).toEqual([]);
    states.begin('test', 'A', 'B').commit('C');
    states.set('A');
    states.begin('test', 'A', 'B').rollback();
    expect(changes).toEqual(['A>B', 'B>C', 'C>A', 'A>B', 'B>A']);
  });

  it('are read from the line that tells them, and from no other', async () => {
    await inSite(async (site) => {
      logStates(site.world.log)('Stopped', 'Target');
      const [line = ''] = site.messages('operator', 'debug').slice(-1);
      expect(parseStateChange(line)).toEqual({ from: 'Stopped', to: 'Target' });
      for (const other of ['', 'state:', 'state:A', 'state:A:B:C', 'a state:A:B']) {
        expect(parseStateChange(other), other).toBeNull();
      }
    });
  });
});

describe('files of a server', () => {
  it('that are unfinished are removed and counted', async () => {
    await inSite(async (site) => {
      const { files } = site.world;
      await files.makeDirectory('/d', STEP);
      for (const name of ['tmpabc123', 'tmpXYZ789', 'done']) {
        const handle = await files.open(`/d/${name}`, 'create', STEP);
        handle.close();
      }
      expect(await collectTemporaryFiles(files, '/d', STEP)).toBe(2);
      expect((await files.list('/d', STEP)).map(({ name }) => name)).toEqual(['done']);
      await unlinkIfThere(files, '/d/done', STEP);
      await unlinkIfThere(files, '/d/done', STEP);
      await expect(unlinkIfThere(files, '/d', STEP)).rejects.toThrow();
    });
  });

  it('lie in a directory, and in nothing else', async () => {
    await inSite(async (site) => {
      const { files } = site.world;
      const handle = await files.open('/base', 'create', STEP);
      handle.close();
      await expect(takeBaseDirectory(files, '/base', 'test', STEP)).rejects.toThrow(
        'test:not directory:/base',
      );
      const letGo = await takeBaseDirectory(files, '/other', 'test', STEP);
      await expect(takeBaseDirectory(files, '/other', 'test', STEP)).rejects.toMatchObject({
        code: 'ELOCKED',
      });
      letGo();
    });
  });
});
