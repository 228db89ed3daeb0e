import { describe, expect, it } from 'vitest';
import { checksum } from '../../../core/format/checksum.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { Folder, linesOf, run, sha256 } from './kit.ts';
import { logImage } from './log-kit.ts';

/**
 * Fresh logs from our own wlog-gen: converting, merging, redoing and reading virtually must agree with one another, whatever
 * the ways in which the same writes reach the image. WALBOX_TEST_SEED draws other logs.
 */

const folder = new Folder();
const SIZE_BYTES = 2 << 20;
const CODECS = ['none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'];

async function good(name: string, ...argv: string[]): Promise<string> {
  const { status, out, err } = await run(name, argv);
  expect([status, linesOf(err).filter((line) => line.includes(' ERROR '))], argv.join(' ')).toEqual([0, []]);
  return out;
}

/** The base image of a case: data everywhere, so that what is not written shows. */
function baseImage(seed: number): Uint8Array {
  return new KeyedRandom(seed).at('base').bytes(SIZE_BYTES);
}

interface Case {
  readonly seed: number;
  readonly options: readonly string[];
  readonly pbs: number;
}

const first = Number(process.env.WALBOX_TEST_SEED ?? 1) * 1000;
const CASES: readonly Case[] = [
  { seed: first + 1, options: ['--maxIoSize', '64K', '--maxDiscardSize', '64K'], pbs: 512 },
  { seed: first + 2, options: ['--maxDiscardSize', '8K', '--rand'], pbs: 4096 },
  {
    seed: first + 3,
    options: ['--minIoSize', '512', '--maxIoSize', '1K', '--maxDiscardSize', '1M'],
    pbs: 512,
  },
  { seed: first + 4, options: ['--nodiscard', '--nopadding', '--maxPackSize', '256K'], pbs: 4096 },
];

describe.each(CASES)('logs of seed $seed, blocks of $pbs', ({ seed, options, pbs }) => {
  const path = (name: string) => folder.path(`${seed}-${name}`);
  /** The folder is not there yet while tests are collected. */
  const logs = () => [0, 1, 2].map((i) => path(`${i}.wlog`));
  let wanted = '';

  async function imageAfter(work: (image: string) => Promise<void>): Promise<string> {
    const image = folder.write(`${seed}-image`, baseImage(seed));
    await work(image);
    return sha256(folder.read(`${seed}-image`));
  }

  it('are redone to one image', async () => {
    for (const [i, log] of logs().entries()) {
      const gen = ['-s', String(SIZE_BYTES), '-b', String(pbs), '-z', '400K', '--lsid', String(i * 10_000)];
      await good('wlog-gen', ...gen, ...options, '--seed', String(seed * 10 + i), '-o', log);
    }
    wanted = await imageAfter(async (image) => {
      for (const log of logs()) await good('wlog-redo', '-z', '-i', log, image);
    });
    expect(wanted).not.toBe(sha256(baseImage(seed)));
  });

  it('become wdiffs of both forms, which do the same', async () => {
    for (const [i, log] of logs().entries()) {
      await good('wlog-to-wdiff', '-i', log, '-o', path(`${i}.sorted`));
      await good(
        'wlog-to-wdiff',
        '-i',
        log,
        '-indexed',
        '-x',
        i === 1 ? '4K' : '1M',
        '-o',
        path(`${i}.indexed`),
      );
    }
    for (const form of ['sorted', 'indexed']) {
      const image = await imageAfter(async (device) => {
        for (const i of [0, 1, 2]) await good('wdiff-redo', '-z', '-i', path(`${i}.${form}`), device);
      });
      expect(image, form).toBe(wanted);
    }
  });

  it('are read virtually as the same image', async () => {
    folder.write(`${seed}-base`, baseImage(seed));
    const mixes = [
      ['0.sorted', '1.sorted', '2.sorted'],
      ['0.indexed', '1.indexed', '2.indexed'],
      ['0.sorted', '1.indexed', '2.sorted'],
    ];
    for (const mix of mixes) {
      await good('virt-full-cat', '-i', path('base'), '-d', ...mix.map(path), '-o', path('view'));
      expect(sha256(folder.read(`${seed}-view`)), mix.join(' ')).toBe(wanted);
    }
    const hash = await good('bhash', path('view'));
    const whole = await run('bhash', ['-'], { stdin: folder.read(`${seed}-view`), chunkBytes: 70_001 });
    expect(whole.out).toBe(hash);
    expect((await good('checksum', path('view'))).trim()).toBe(
      String(checksum(folder.read(`${seed}-view`), 0)),
    );
  });

  it('are merged with every codec and size, to what does the same', async () => {
    const inputs = [path('0.sorted'), path('1.indexed'), path('2.sorted')];
    const blocksOf = async (name: string) => {
      const shown = linesOf(await good('wdiff-show', '-nohead', path(name)));
      const covered = new Map<string, number>();
      for (const line of shown) {
        const fields = line.split('\t');
        covered.set(fields[7], (covered.get(fields[7]) ?? 0) + Number(fields[2]));
      }
      return covered;
    };
    const counts: unknown[] = [];
    for (const [i, codec] of CODECS.entries()) {
      const out = path(`merged.${codec}`);
      const maxIo = ['0', '4K', '32K', '1M'][i % 4];
      await good('wdiff-merge', '-i', ...inputs, '-cmpr', `${codec}:0:1`, '-x', maxIo, '-o', out);
      const image = await imageAfter(async (device) => {
        await good('wdiff-redo', '-z', '-i', out, device);
      });
      expect(image, codec).toBe(wanted);
      await good('wdiff-show', '-csum', '-norec', '-nohead', out);
      counts.push(await blocksOf(`merged.${codec}`));
    }
    // Blocks of each kind, whatever the codec and however they are cut.
    for (const count of counts) expect(count).toEqual(counts[0]);
    // Merging is associative.
    await good('wdiff-merge', '-i', inputs[0], inputs[1], '-o', path('m01'));
    await good('wdiff-merge', '-i', path('m01'), inputs[2], '-o', path('m012'));
    const stepwise = await imageAfter(async (device) => {
      await good('wdiff-redo', '-z', '-i', path('m012'), device);
    });
    expect(stepwise).toBe(wanted);
    await good('virt-full-cat', '-i', path('base'), '-d', path('merged.zstd'), '-o', path('view2'));
    expect(await good('bdiff', path('view'), path('view2'))).toBe('0/4096 differs\n');
  });

  it('go through log devices and come out the same', async () => {
    const image = await imageAfter(async (device) => {
      for (const [i, log] of logs().entries()) {
        const ldev = logImage(folder, `${seed}-ldev`, pbs === 512 ? 1400 : 200, 0, pbs);
        const restored = await run('wlog-restore', ['--verify', ldev], {
          stdin: folder.read(`${seed}-${i}.wlog`),
        });
        expect([restored.status, restored.err]).toEqual([0, '']);
        if (i === 0) {
          await good('wlog-cat', '-o', path('cat.wlog'), ldev);
          await good('wlog-redo', '-z', '-i', path('cat.wlog'), device);
        } else {
          await good('wdev-redo', '-z', ldev, device);
        }
        await good('wlog-show', '-none', '-validate', log);
      }
    });
    expect(image).toBe(wanted);
  });
});
