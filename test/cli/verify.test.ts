import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../../cli/verify.ts';
import type { Finding } from '../../core/verify/finding.ts';
import type { TreeReport } from '../../core/verify/tree.ts';
import { GoldenCounter, goldenDir, goldenFiles } from '../golden.ts';
import { readTarGz } from '../tar.ts';
import { Folder, linesOf, run } from './tools/kit.ts';
import { makeWlog, SMALL_LOG } from './tools/log-kit.ts';

const folder = new Folder();

async function text(...paths: string[]): Promise<{ status: number; lines: string[] }> {
  let out = '';
  const status = await verify(paths, { json: false, quiet: false }, (piece) => {
    out += piece;
  });
  return { status, lines: linesOf(out) };
}

interface Json {
  readonly files: readonly ({ path: string } & TreeReport)[];
  readonly findings: readonly Finding[];
  readonly failures: readonly { path: string; problem: string }[];
  readonly totals: Record<string, number>;
}

async function json(...paths: string[]): Promise<Json & { status: number }> {
  let out = '';
  const status = await verify(paths, { json: true, quiet: false }, (piece) => {
    out += piece;
  });
  return { status, ...(JSON.parse(out) as Json) };
}

describe('walbox verify', () => {
  it('tells people what is sound and what is not', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const good = folder.write('good.wlog', wlog);
    const bad = folder.write(
      'bad.wlog',
      wlog.map((byte, i) => (i === 4700 ? byte ^ 1 : byte)),
    );
    expect(await text(good)).toEqual({
      status: 0,
      lines: [
        `${good}: wlog, 12.0 KiB: sound (lsids 310 to 325, packs 3, normal 4, discard 2, padding 1, blocks 82)`,
        '1 file, 12.0 KiB: 0 damages, 0 notices',
      ],
    });
    const { status, lines } = await text(good, bad);
    expect([status, lines.length]).toEqual([1, 7]);
    expect(lines[1]).toBe(`DAMAGE ${bad} (byte 4608, pack at lsid 310, record 0, lsid 311)`);
    expect(lines[3]).toBe('  lost: what was written to blocks 40 to 41 (2)');
    expect(lines[6]).toBe('2 files, 24.0 KiB: 1 damage, 0 notices');
  });

  it('says what cannot be read, and goes on', async () => {
    const good = folder.write('good.wlog', await makeWlog(SMALL_LOG));
    const result = await json(folder.path('none'), good);
    expect([result.status, result.failures.length, result.files.length]).toEqual([1, 1, 1]);
    expect(result.failures[0].problem).toContain('ENOENT');
  });

  it('reads one file of any kind from standard input, and from named pipes', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const bad = wlog.map((byte, i) => (i === 4700 ? byte ^ 1 : byte));
    const verified = async (path: string, stdin: Iterable<Uint8Array>) => {
      let out = '';
      const status = await verify(
        [path],
        { json: true, quiet: false },
        (piece) => {
          out += piece;
        },
        Readable.from(stdin),
      );
      return { status, ...(JSON.parse(out) as Json) };
    };
    const pieces = [wlog.subarray(0, 5000), wlog.subarray(5000)];
    expect(await verified('-', pieces)).toMatchObject({
      ...{ status: 0, failures: [], totals: { files: 1, damages: 0 } },
      files: [{ path: 'standard input', kind: 'wlog', sizeBytes: wlog.length }],
    });
    expect((await verified('-', [bad])).findings[0]).toMatchObject({ file: 'standard input', offset: 4608 });
    // Its index stands at the end.
    const files = { in: folder.write('of.wlog', wlog), out: folder.path('of.wdiff') };
    expect((await run('wlog-to-wdiff', ['-indexed', '-i', files.in, '-o', files.out])).status).toBe(0);
    expect((await verified('-', [readFileSync(files.out)])).files[0]).toMatchObject({
      kind: 'indexed wdiff',
    });
    expect((await verified('-', [])).files[0]).toMatchObject({ kind: 'unknown', damageCount: 1 });
    const pipe = folder.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const [found] = await Promise.all([verified(pipe, []), writeFile(pipe, bad)]);
    expect(found).toMatchObject({ status: 1, files: [{ path: pipe, kind: 'wlog', damageCount: 1 }] });
  });

  it('says where a pipe cannot be kept', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder.path('nowhere');
    try {
      let out = '';
      const print = (piece: string) => {
        out += piece;
      };
      expect(await verify(['-'], { json: false, quiet: false }, print, Readable.from([]))).toBe(1);
      expect(out).toMatch(/standard input.*ENOENT/);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  it('follows no links out of a directory', async () => {
    mkdirSync(folder.path('linked'));
    symlinkSync('/', folder.path('linked/root'));
    expect((await json(folder.path('linked'))).totals).toMatchObject({ files: 0, damages: 0 });
  });
});

const MOMENTS = [
  'a-full-backup',
  'b-two-diffs',
  'c-interrupted-apply',
  'd-proxy-with-diffs',
  'e-storage-with-log',
  'f-thin-with-cold',
];
const absent = goldenDir() === null;
const isVerified = (path: string) => /\.tar\.gz$|log-device/.test(path);
const counter = new GoldenCounter('base', (path) => !isVerified(path));
afterAll(() => console.log(counter.report()));

describe.skipIf(absent)('golden base directories', () => {
  beforeAll(() => {
    for (const path of goldenFiles('base').filter(isVerified)) {
      const target = folder.path(path.replace(/\.tar\.gz$|\.gz$/, ''));
      mkdirSync(dirname(target), { recursive: true });
      const source = join(goldenDir() ?? '', path);
      if (!path.endsWith('.tar.gz')) writeFileSync(target, gunzipSync(readFileSync(source)));
      else {
        for (const [name, bytes] of readTarGz(source)) {
          mkdirSync(dirname(join(target, name)), { recursive: true });
          writeFileSync(join(target, name), bytes);
        }
      }
      counter.check(path);
    }
  });

  it.each(MOMENTS)('%s is sound', async (moment) => {
    const { status, findings, files, totals } = await json(folder.path(`base/${moment}`));
    expect([status, findings]).toEqual([0, []]);
    const volumes = files.filter(({ kind }) => kind.endsWith('volume'));
    expect(volumes.length).toBeGreaterThan(0);
    console.log(
      `${moment}: ${totals.files} files sound; ${volumes.map((v) => `${v.kind} ${JSON.stringify(v.counts)}`).join('; ')}`,
    );
  });

  it('finds what was done to copies of them', async () => {
    const b = 'base/b-two-diffs/a0/var/walb/a0/vol0';
    const e = 'base/e-storage-with-log/s0/var/walb/s0/vol0';
    const c = 'base/c-interrupted-apply/a0/var/walb/a0/vol0';
    const d = 'base/d-proxy-with-diffs/p0/var/walb/p0/vol0';
    const change = (path: string, at: number) => {
      const bytes = readFileSync(path);
      bytes[at < 0 ? bytes.length + at : at] ^= 1;
      writeFileSync(path, bytes);
    };
    type Case = readonly [of: string, harm: (copy: string) => void, problem: RegExp, cost: RegExp];
    const cases: readonly Case[] = [
      [
        b,
        (v) => rmSync(`${v}/20261122220746----1-2.wdiff`),
        /lead to \|1\|, and the next one begins at \|2\|/,
        /1 diff from gid 2 on/,
      ],
      [
        b,
        (v) => change(`${v}/20261122220748----2-3.wdiff`, -4096 - 10),
        /leads on from the base, is damaged/,
        /snapshot 3 cannot/,
      ],
      [b, (v) => change(`${v}/base`, 1), /wrong preamble/, /no snapshot can be restored/],
      [b, (v) => writeFileSync(`${v}/state`, '\x05Happy'), /a state must be one of/, /state the volume was/],
      [b, (v) => rmSync(`${v}/uuid`), /the file is missing/, /does not serve/],
      [
        b,
        (v) => renameSync(`${v}/20261122220748----2-3.wdiff`, `${v}/3.wdiff`),
        /name must say what/,
        /do not use the file/,
      ],
      [
        b,
        (v) => renameSync(`${v}/20261122220748----2-3.wdiff`, `${v}/20261122220748----02-3.wdiff`),
        /must be 20261122220748----2-3.wdiff/,
        /do not use the file/,
      ],
      [
        c,
        (v) => rmSync(`${v}/20261122220829----14-15.wdiff`),
        /an apply was interrupted/,
        /the base image is a mixture/,
      ],
      [d, (v) => change(`${v}/sendto/a0/20261122220816----7-8.wdiff`, -1), /index super/, /the whole diff/],
      [d, (v) => change(`${v}/a0.archive`, 0), /./, /nothing is sent to it/],
      [e, (v) => change(`${v}/queue`, 0x58), /checksum of its data/, /where this snapshot is/],
      [
        e,
        (v) => writeFileSync(`${v}/done`, Uint8Array.from([0x14, 3, 0, 0, 0x81, 0, 0x7f, 2])),
        /but gid 2 was delivered/,
        /what the snapshot/,
      ],
      [e, (v) => rmSync(`${v}/done`), /the file is missing/, /does not serve/],
    ];
    for (const [i, [of, harm, problem, cost]] of cases.entries()) {
      const copy = folder.path(`copy${i}`);
      cpSync(folder.path(of), copy, { recursive: true });
      harm(copy);
      const { status, findings } = await json(copy);
      expect(status, `${i}`).toBe(1);
      expect(
        findings.some((f) => f.severity === 'damage' && problem.test(f.problem) && cost.test(f.cost)),
        `${i}: ${JSON.stringify(findings, null, 1)}`,
      ).toBe(true);
    }
  });

  it('notices what a crash left, and nothing is lost by it', async () => {
    const copy = folder.path('left');
    cpSync(folder.path('base/b-two-diffs/a0/var/walb/a0'), copy, { recursive: true });
    writeFileSync(`${copy}/vol0/tmpAb3dE6`, 'half');
    writeFileSync(`${copy}/vol0/notes.txt`, 'mine');
    mkdirSync(`${copy}/.deleting-vol1`);
    cpSync(`${copy}/vol0/20261122220748----2-3.wdiff`, `${copy}/vol0/20261122220749----2-3.wdiff`);
    const { status, findings } = await json(copy);
    expect([status, findings.map((finding) => finding.severity)]).toEqual([
      0,
      ['notice', 'notice', 'notice', 'notice'],
    ]);
  });

  it('finds damage in a log device', async () => {
    const image = readFileSync(folder.path('base/e-storage-with-log/log-device.img'));
    const { out } = await run('wldev-show', ['-pack', folder.path('base/e-storage-with-log/log-device.img')]);
    expect(out).toContain('wlog_p: lsid       8444');
    image[5120 + (8444 % 8182) * 512 + 512 + 3] ^= 1;
    const { status, findings } = await json(folder.write('bad.img', image));
    expect([status, findings.map(({ part }) => part)]).toEqual([
      1,
      ['pack at lsid 8444, record 0, lsid 8445'],
    ]);
  });
});
