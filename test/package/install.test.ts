import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { MemorySink, memorySource } from '../../core/engine/memory-stream.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { makeDiff } from '../../core/snapshot/meta.ts';
import { wdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import { makeIo, makeWdiff, portablePool } from '../core/engine/engine-kit.ts';
import { entries, ROOT } from '../entries.ts';
import { MADE_UUID, makeWlog } from '../made-wlog.ts';
import { extend, install, pack, run, runWell } from './project.ts';

/**
 * The package as its users get it: packed by `npm pack`, installed by `npm ci` into an empty project, used there. The
 * examples are those of docs/embedding.md.
 */

const EXAMPLES = join(ROOT, 'docs', 'examples');
const BLOCK = 512;
const NONE = { compression: { type: 'none', level: 0 }, maxPieceLb: 2048 } as const;
const TEST_ENTRIES = ['walbox/vitest', 'walbox/fast-check'];

const work = mkdtempSync(join(tmpdir(), 'walbox-package-'));
/** A project of the kind that `npm init` makes, with nothing but walbox. */
const plain = join(work, 'plain');
/** A project of modules with the same, and with compiler and test library. */
const full = join(work, 'full');
let tarball = '';

beforeAll(() => {
  tarball = pack(work);
  install(plain, tarball);
  extend(full, plain, ['@types/node', 'fast-check', 'typescript', 'vitest']);
  cpSync(EXAMPLES, full, { recursive: true });
}, 600_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs an example of docs/examples with arguments. */
const runExample = (name: string, args: readonly string[], input?: Uint8Array) =>
  runWell(full, process.execPath, ['--import', 'tsx', name, ...args], input);

const walbox = (folder: string, ...args: string[]) =>
  run(folder, join('node_modules', '.bin', 'walbox'), args);

describe('the tarball', () => {
  it('has what is used, and nothing else', () => {
    const paths = runWell(work, 'tar', ['tzf', tarball]).trim().split('\n');
    const files = paths.map((path) => path.replace(/^package\//, '')).filter((path) => !path.endsWith('/'));
    const known = [
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
      /^cli\/bin\/(walbox|prepare)\.mjs$/,
      /^dist\/(core|sim|native|scenarios)\/[\w/-]+(\.d\.ts|\.js)$/,
      /^dist\/cli\/[\w/-]+\.js$/,
      /^docs\/[\w-]+\.md$/,
      /^docs\/examples\/[\w-]+(\.test)?\.ts$/,
      /^fixtures\/[\w.-]+\.(json|gz)$/,
    ];
    expect(files.filter((path) => !known.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(files).toContain('cli/bin/walbox.mjs');
    expect(files).toContain('fixtures/ext4-1.img.gz');
    for (const { source } of entries()) {
      expect(files).toContain(`dist/${source.replace(/\.ts$/, '.js')}`);
      expect(files).toContain(`dist/${source.replace(/\.ts$/, '.d.ts')}`);
    }
    // What links to it is packed with it.
    for (const path of files.filter((file) => file.endsWith('.md') && file.startsWith('docs/'))) {
      const text = readFileSync(join(plain, 'node_modules', 'walbox', path), 'utf8');
      for (const [, link] of text.matchAll(/\]\(((?!http|#)[^)#]+)/g)) {
        expect(files, `${path} links to ${link}`).toContain(join('docs', link as string));
      }
    }
  });

  it('brings its dependencies and no others', () => {
    const installed = readdirSync(join(plain, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed).not.toContain('vitest');
    expect(installed).not.toContain('fast-check');
    expect(installed).toEqual(expect.arrayContaining(['walbox', 'tsx', 'fflate']));
  });
});

describe('the entries', () => {
  it('give the names that the sources export, without any test library', async () => {
    const wanted = entries().filter(({ name }) => !TEST_ENTRIES.includes(name));
    const names = JSON.stringify(wanted.map(({ name }) => name));
    const script = `Promise.all(${names}.map(async (name) => Object.keys(await import(name)).sort()))
      .then((found) => console.log(JSON.stringify(found)));`;
    const found = JSON.parse(runWell(plain, process.execPath, ['-e', script])) as string[][];
    for (const [i, { name, source }] of wanted.entries()) {
      const expected = Object.keys((await import(pathToFileURL(join(ROOT, source)).href)) as object);
      expect(found[i], name).toEqual(expected.sort());
    }
  });

  it('can be required by CommonJS', () => {
    const names = JSON.stringify(
      entries()
        .map(({ name }) => name)
        .filter((name) => !TEST_ENTRIES.includes(name)),
    );
    const script = `console.log(${names}.filter((name) => Object.keys(require(name)).length > 1).length)`;
    expect(runWell(plain, process.execPath, ['-e', script])).toBe(
      `${entries().length - TEST_ENTRIES.length}\n`,
    );
  });

  it('need the test library that they are for, and say so', () => {
    for (const name of TEST_ENTRIES) {
      const { status, stderr } = run(plain, process.execPath, ['-e', `import(${JSON.stringify(name)})`]);
      expect(status).toBe(1);
      expect(stderr).toContain(`Cannot find package '${name.split('/')[1]}'`);
    }
  });

  it('are free of side effects: what is not used does not get into a bundle', async () => {
    const bundled = await build({
      stdin: { contents: "export { checksum } from 'walbox/format';", resolveDir: plain, loader: 'js' },
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
    });
    const [output] = Object.values(bundled.metafile.outputs);
    const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    expect(used.map(([path]) => path.replace(/^.*\/dist\//, '')).sort()).toEqual([
      'core/format/binary.js',
      'core/format/checksum.js',
    ]);
    expect(output?.bytes).toBeLessThan(2000);
  });
});

describe('the examples', () => {
  it('parse a wlog from a stream', async () => {
    const sink = new MemorySink();
    await makeWlog(sink, { seed: 1, dataBytes: 1 << 18, maxIoBytes: 16384, deviceLb: 4096 });
    const wlog = await openWlog(new BufferedReader(memorySource(sink.bytes)), { checkLsid: true });
    const expected = [`log ${Buffer.from(MADE_UUID).toString('hex')} from lsid 0`];
    while ((await wlog?.nextPack()) != null) {
      for (let io = await wlog?.nextIo(); io != null; io = await wlog?.nextIo()) {
        expected.push(`${io.record.kind} ${io.record.offsetLb} ${io.record.sizeLb}`);
      }
    }
    expected.push(`until lsid ${wlog?.endLsid}: end-block`);
    expect(expected.length).toBeGreaterThan(20);
    expect(runExample('parse-wlog.ts', [], sink.bytes).trim().split('\n')).toEqual(expected);
    const cut = runExample('parse-wlog.ts', [], sink.bytes.subarray(0, sink.bytes.length - BLOCK));
    expect(cut).toMatch(/: eof\n$/);
  });

  it('merge wdiffs from buffers', async () => {
    const pool = await portablePool();
    const older = await makeWdiff(
      [makeIo('normal', 0, 4, 1), makeIo('normal', 10, 2, 1)],
      { type: 'sorted', ...NONE },
      pool,
    );
    const newer = await makeWdiff(
      [makeIo('zero', 2, 1, 2), makeIo('normal', 11, 3, 2)],
      { type: 'indexed', ...NONE },
      pool,
    );
    writeFileSync(join(full, 'a.wdiff'), older);
    writeFileSync(join(full, 'b.wdiff'), newer);
    expect(runExample('merge-wdiffs.ts', ['a.wdiff', 'b.wdiff', 'm.wdiff'])).toMatch(
      /^2 wdiffs merged into \d+ bytes\n$/,
    );
    // What the program reads through the merged diff is what it reads through the two.
    const imageOf = (wdiffs: string[]) => {
      writeFileSync(join(full, 'base.img'), new Uint8Array(16 * BLOCK).fill(9));
      const image = join(full, 'image');
      runWell(full, join('node_modules', '.bin', 'walbox'), [
        'virt-full-cat',
        '-i',
        'base.img',
        '-o',
        image,
        '-d',
        ...wdiffs,
      ]);
      return readFileSync(image);
    };
    const image = imageOf(['m.wdiff']);
    expect(image.subarray(2 * BLOCK, 3 * BLOCK).every((byte) => byte === 0)).toBe(true);
    expect(image.subarray(11 * BLOCK, 14 * BLOCK)).toEqual(Buffer.from(makeIo('normal', 11, 3, 2).data));
    expect(Buffer.compare(image, imageOf(['a.wdiff', 'b.wdiff']))).toBe(0);
  });

  it('read one block at a gid from base and diffs', async () => {
    const pool = await portablePool();
    const folder = join(full, 'volume');
    mkdirSync(folder);
    writeFileSync(join(full, 'volume.img'), new Uint8Array(64 * BLOCK).fill(9));
    for (const [gid, addressLb] of [
      [1, 5],
      [2, 6],
      [3, 5],
    ] as const) {
      const name = wdiffFileName(makeDiff(gid - 1, gid, { timestamp: 1_700_000_000 + gid }));
      const type = gid === 2 ? 'indexed' : 'sorted';
      writeFileSync(
        join(folder, name),
        await makeWdiff([makeIo('normal', addressLb, 1, gid)], { type, ...NONE }, pool),
      );
    }
    const read = (gid: number, address: number) =>
      runExample('read-block.ts', ['volume.img', 'volume', String(gid), String(address)]).trim();
    const content = (addressLb: number, version: number) =>
      Buffer.from(makeIo('normal', addressLb, 1, version).data).toString('hex');
    expect(read(2, 5)).toBe(`block 5 at gid 2 of 2 diffs: ${content(5, 1)}`);
    expect(read(3, 5)).toBe(`block 5 at gid 3 of 3 diffs: ${content(5, 3)}`);
    expect(read(1, 6)).toBe(`block 6 at gid 1 of 1 diffs: ${'09'.repeat(BLOCK)}`);
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('have the types of the package (module %s, resolution %s)', (module, moduleResolution) => {
    const options = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
      skipLibCheck: false,
    };
    const config = { compilerOptions: { ...options, module, moduleResolution }, include: ['*.ts'] };
    writeFileSync(join(full, 'tsconfig.json'), JSON.stringify(config));
    // Types that were not found would be `any`, and anything would do.
    writeFileSync(join(full, 'wrong.ts'), WRONG_TYPES);
    const tsc = ['node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false'];
    const { status, stdout, stderr } = run(full, process.execPath, tsc);
    rmSync(join(full, 'wrong.ts'));
    expect(status).toBeGreaterThan(0);
    expect(stderr).toBe('');
    const found = stdout.split('\n').flatMap((line) => {
      // What errors have to say more is indented.
      if (line === '' || line.startsWith(' ')) return [];
      const [, at] = /^wrong\.ts\((\d+),\d+\): error TS/.exec(line) ?? [];
      return [at === undefined ? line : Number(at)];
    });
    const expected = WRONG_TYPES.split('\n').flatMap((line, i) => (line.includes('// wrong') ? [i + 1] : []));
    expect([...new Set(found)]).toEqual(expected);
  });

  it('of tests pass under vitest; one that fails says how to see it again', () => {
    // The same values in every run.
    writeFileSync(join(full, 'seed.mjs'), "import fc from 'fast-check';\nfc.configureGlobal({ seed: 1 });\n");
    writeFileSync(
      join(full, 'vitest.config.mjs'),
      "export default { test: { setupFiles: ['./seed.mjs'] } };\n",
    );
    writeFileSync(join(full, 'failing.test.ts'), FAILING_TEST);
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose'];
    const told = run(full, process.execPath, [...vitest, 'backup.test.ts', 'failing.test.ts']);
    expect(told.status).toBe(1);
    const text = `${told.stdout}${told.stderr}`;
    expect(text).toMatch(/Test Files {2}1 failed \| 1 passed \(2\)/);
    expect(text).toMatch(/Tests {2}1 failed \| 3 passed \(4\)/);
    // Errors outside of tests are counted apart.
    expect(text).not.toMatch(/^ *Errors /m);
    expect(text).toContain('expected gid 99 of vol0 at a0 to be restorable, but a0 lists [');
    expect(text).toContain('> walbc.fullBackup(s0, vol0)');
    expect(text).toContain('await simulate({"seed":5}, story)');
  }, 600_000);
});

/** Each line with `wrong` is an error, and no other. */
const WRONG_TYPES = `import { LOGICAL_BLOCK_BYTES } from 'walbox';
import { checksum } from 'walbox/format';
import { makeSnap } from 'walbox/snapshot';
import { readBlocks } from 'walbox/engine';
import type { WalbDeviceOptions } from 'walbox/device';
import { createController, type Group } from 'walbox/control';
import type { Finding } from 'walbox/verify';
import { Simulation, type Fault } from 'walbox/sim';
import { nativeCodecPool } from 'walbox/native';
import { siteScenario } from 'walbox/scenarios';
import { SCENARIOS } from 'walbox/catalogue';
import { simulate } from 'walbox/testing';
import { history } from 'walbox/fast-check';
import { expect } from 'vitest';
import 'walbox/vitest';
import { noSuchName } from 'walbox/engine'; // wrong
const a: string = LOGICAL_BLOCK_BYTES; // wrong
const b: string = checksum(new Uint8Array(4), 0); // wrong
const c: number = makeSnap(1); // wrong
readBlocks({}, { addressLb: 0, sizeLb: 1 }, await nativeCodecPool()); // wrong
const e: WalbDeviceOptions = 5; // wrong
const f: Group = createController; // wrong
const g: Fault = { kind: 'no-such-fault' }; // wrong
const h: Finding = {}; // wrong
new Simulation(1); // wrong
siteScenario(1); // wrong
const j: number = SCENARIOS; // wrong
const l: number = history(); // wrong
expect(1).toBeRestorable('gid'); // wrong
const whole = await simulate({}, async (site) => site.begin());
const m: string = whole.value; // wrong
`;

const FAILING_TEST = `import { expect, it } from 'vitest';
import { simulate } from 'walbox/testing';
import 'walbox/vitest';

it('fails', async () => {
  await simulate({ seed: 5 }, async (site) => {
    await site.begin();
    await expect(site).toBeRestorable(99);
  });
});
`;

describe('the program', () => {
  it('lists and runs the catalogue', () => {
    expect(walbox(plain, 'list').stdout).toMatch(/^ *n1-full-backup /m);
    const told = walbox(plain, 'run', 'n1', '--quiet');
    expect(told.stdout).toMatch(/passed: n1-full-backup: 2 restored images, all admissible/);
    expect(told.status).toBe(0);
  });

  it.each([
    ['a project as npm init makes it', () => plain],
    ['a project of modules', () => full],
  ])('runs scenarios that people write, in %s', (_, folderOf) => {
    const folder = folderOf();
    cpSync(join(EXAMPLES, 'my-scenario.ts'), join(folder, 'my-scenario.ts'));
    const told = walbox(folder, 'run', './my-scenario.ts', '--seed', '3');
    expect(told.stderr).toBe('');
    expect(told.stdout).toMatch(
      /passed: my-scenario: 3 restored images, all admissible by the ledger \(seed 3/,
    );
    expect(told.status).toBe(0);
  });

  it('runs the first scenario of the README in an empty folder', () => {
    const bare = mkdtempSync(join(work, 'first-'));
    const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const [, name = '', code = ''] = /Save this as `([\w-]+\.ts)`.*?```ts\n(.*?)```/s.exec(text) ?? [];
    writeFileSync(join(bare, name), code);
    expect(text).toContain(`npx walbox run ./${name}`);
    const { stdout, stderr } = run(bare, join(plain, 'node_modules', '.bin', 'walbox'), [
      'run',
      `./${name}`,
      '--quiet',
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\npassed: my-backup: 3 restored images/);
  });

  it.each([
    ['JavaScript', 'my-scenario.mjs', 'import { siteScenario }'],
    ['what imports a file of its own', 'my-scenario.ts', "import './helper';\nimport { siteScenario }"],
  ])('runs %s in a folder where walbox is not installed', (_, name, begin) => {
    const bare = mkdtempSync(join(work, 'bare-'));
    const text = readFileSync(join(EXAMPLES, 'my-scenario.ts'), 'utf8').replace(
      'import { siteScenario }',
      begin,
    );
    writeFileSync(join(bare, name), text);
    writeFileSync(join(bare, 'helper.ts'), 'export const helper: number = await Promise.resolve(1);\n');
    const program = join(plain, 'node_modules', '.bin', 'walbox');
    const { stdout, stderr } = run(bare, program, ['run', `./${name}`, '--quiet']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\npassed: my-scenario: 3 restored images/);
  });

  it('runs them side by side in threads, and says which failed', () => {
    const text = readFileSync(join(EXAMPLES, 'my-scenario.ts'), 'utf8');
    const failing = text
      .replace('site.verify(a0, gid)', 'site.verify(a0, gid + 1)')
      .replace("'my-scenario'", "'fails'");
    writeFileSync(
      join(plain, 'two.ts'),
      `${text}\n${failing.replace(/^import.*$/m, '').replace('myScenario', 'failing')}`,
    );
    const { status, stdout } = walbox(plain, 'run', './two.ts', '--jobs', '2');
    expect(stdout).toMatch(/^ok +my-scenario /m);
    expect(stdout).toMatch(/^FAILED +fails /m);
    expect(status).toBe(1);
  });

  it('says what is wrong with a file that it cannot load', () => {
    writeFileSync(join(plain, 'broken.ts'), 'export const a: = 1;\n');
    const { status, stderr } = walbox(plain, 'run', './broken.ts');
    expect(status).toBe(1);
    expect(stderr).toMatch(/broken\.ts cannot be loaded: /);
  });
});
