import { expect, it } from 'vitest';
import { GET_TARGETS } from '../../../../core/protocol/get.ts';
import { replicate, SMALL, withArchive } from './running.ts';
import { seedSmallVolume } from './small-volume.ts';
import { Site } from './support.ts';

/** A volume with its base at gid 0 and the diffs up to 4, of which 2->3 and 3->4 may be merged onto the one before. */
const ANSWERS: Record<string, readonly (string | RegExp)[]> = {
  'state vol0': ['Archived'],
  'state nothing': ['Clear'],
  'host-type': ['archive'],
  vol: ['vol0'],
  pid: [/^\d+$/],
  'diff vol0': [
    /^\|0\|-->\|1\| -- 2023-11-14T22:13:21 \d+$/,
    /^\|1\|-->\|2\| -- 2023-11-14T22:13:22 \d+$/,
    /^\|2\|-->\|3\| M- 2023-11-14T22:13:23 \d+$/,
    /^\|3\|-->\|4\| M- 2023-11-14T22:13:24 \d+$/,
  ],
  'diff vol0 1 3': [/^\|1\|/, /^\|2\|/],
  'applicable-diff vol0 2': [/^\|0\|/, /^\|1\|/],
  'num-diff vol0': ['4'],
  'num-diff vol0 1 3': ['2'],
  'total-diff-size vol0 0 1': [/^[1-9]\d+$/],
  'exists-diff vol0 1 1 2 2': ['1'],
  'exists-diff vol0 1 1 3 3': ['0'],
  'exists-base-image vol0': ['1'],
  'exists-base-image nothing': ['0'],
  'num-action vol0 Merge': ['0'],
  'restored vol0': ['1'],
  'cold vol0': ['1'],
  'restorable vol0': ['0 2023-11-14T22:13:20 0', '1 2023-11-14T22:13:21 1', '4 2023-11-14T22:13:24 1'],
  'restorable vol0 all': [/^0 .* 0$/, /^1 .* 1$/, /^2 .* 0$/, /^3 .* 0$/, /^4 .* 1$/],
  'uuid vol0': ['0102030405060708090a0b0c0d0e0f10'],
  'archive-uuid vol0': ['6465666768696a6b6c6d6e6f70717273'],
  'base vol0': ['<|0|>-20231114221320'],
  'base-all': ['name:vol0\tmetastate:<|0|>-20231114221320'],
  'vol-size vol0': ['64'],
  'progress vol0': ['0'],
  'volume-group': ['vg1'],
  thinpool: ['tp0'],
  'all-actions': [
    /^vol0 Merge 0 --- Apply 0 --- Restore 0 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d ReplSyncAsClient 0 --- Resize 0 ---$/,
  ],
  'meta-snap vol0': ['|4|'],
  'meta-snap vol0 2': ['|2|'],
  'meta-state vol0 0 2': ['<|2|>-20231114221322'],
  'meta-state vol0 1 2': ['<|0|-->|2|>-20231114221322'],
  'latest-snap': ['name:vol0\tkind:archive\tgid:4\ttimestamp:2023-11-14T22:13:24'],
  'latest-snap vol0': ['name:vol0\tkind:archive\tgid:4\ttimestamp:2023-11-14T22:13:24'],
  'ts-delta': [],
  'handler-stat': [/^/],
};

it('every target is answered in the words of the original', async () => {
  await withArchive(
    async (archive) => {
      await archive.action('Restore', 'restore', 'vol0', '1');
      for (const [line, expected] of Object.entries(ANSWERS)) {
        const lines = await archive.get(...line.split(' '));
        if (line === 'handler-stat') {
          for (const text of lines)
            expect(text).toMatch(
              /^(PROTOCOL_COUNT\t\S+\t\S+\t\d+|PROTOCOL_LATENCY\t\S+\t\d+\.\d{6}|GET_COUNT\t\S+\t\S+\t\d+)$/,
            );
          continue;
        }
        expect(lines.length, line).toBe(expected.length);
        for (const [i, each] of expected.entries())
          expect(lines[i], line).toMatch(typeof each === 'string' ? exactly(each) : each);
      }
      // An empty range is refused, not answered with nothing.
      await expect(archive.get('diff', 'vol0', '3', '3')).rejects.toThrow();
      await expect(archive.get('num-action', 'vol0', 'Sleep')).rejects.toThrow(
        'getNumAction:no such action:Sleep',
      );
      await expect(archive.get('vol-size', 'nothing')).rejects.toThrow(
        'getVolSize:base image does not exist:nothing',
      );
    },
    { thin: true },
    (archive) => seedSmallVolume(archive, { mergeable: [3, 4] }),
  );
});

it('those of other servers are refused, and no target is without an answer here', async () => {
  await withArchive(async (archive) => {
    const asked = new Set(Object.keys(ANSWERS).map((line) => line.split(' ')[0]));
    const others = ['is-overflow vol0', 'is-wdiff-send-error vol0 a0', 'log-usage', 'proxy-diff vol0'];
    expect([...GET_TARGETS.keys()].filter((target) => !asked.has(target)).sort()).toEqual(
      others.map((line) => line.split(' ')[0]),
    );
    for (const line of others) {
      const target = line.split(' ')[0];
      await expect(archive.get(...line.split(' '))).rejects.toThrow(
        `runGetCommandServer:no such target:${target}`,
      );
    }
  });
});

it('how far replicas are is told in the order of their names', async () => {
  const site = new Site();
  const source = site.addArchive({ ...SMALL, name: 'a1' });
  const replicas = ['a3', 'a4', 'a2'].map((name, i) => site.addArchive({ ...SMALL, name, port: 10301 + i }));
  await site.run(async () => {
    await seedSmallVolume(source);
    await source.start();
    for (const replica of replicas) {
      await replica.start();
      expect(await replica.command('init-vol', 'vol0')).toBe('ok');
      await replicate(source, replica);
    }
    const lines = await source.get('ts-delta');
    expect(lines.map((line) => /dest:(\w+)/.exec(line)?.[1])).toEqual(['a2', 'a3', 'a4']);
  });
});

it('a volume without an image says so', async () => {
  await withArchive(async (archive) => {
    expect(await archive.command('init-vol', 'vol1')).toBe('ok');
    const ofVolume = async (volId: string) =>
      (await archive.statusLines()).find((line) => line.startsWith(`volume ${volId} `));
    expect(await ofVolume('vol0')).toMatch(/ latestSnapshot \|4\| size 32k$/);
    expect(await ofVolume('vol1')).toMatch(/ baseLv NOT FOUND$/);
  });
});

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
