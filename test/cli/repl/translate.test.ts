import { describe, expect, it } from 'vitest';
import { INCOMPLETE, type Translation, translate } from '../../../cli/repl/translate.ts';

function translated(typed: string): Translation {
  const translation = translate(typed);
  if (translation === INCOMPLETE) throw new Error(`more is wanted behind ${typed}`);
  return translation;
}

const statements = (typed: string) => translated(typed).statements;

describe('what is typed', () => {
  it.each([
    ['walbc.full_backup(s0, VOL)', 'await walbc.fullBackup(s0, VOL);'],
    ['gid = walbc.full_backup(s0, VOL)', 'gid = await walbc.fullBackup(s0, VOL);'],
    ['const gid = walbc.fullBackup(s0, VOL);', 'gid = await walbc.fullBackup(s0, VOL);'],
    ['let a = 1, { b, c: [d] } = f()', 'a = 1, ({ b, c: [d] } = await f());'],
    ['var later;', 'later = undefined;'],
    ['f().g().h', '(await (await f()).g()).h;'],
    ['a?.f()', '(await a?.f());'],
    ['f() ** 2', '(await f()) ** 2;'],
    ['f(g(1), ...h())', 'await f(await g(1), ...await h());'],
    ['[1, 2].map((x) => f(x))', 'await [1, 2].map((x) => f(x));'],
    [
      'for (const s of [s0, p0]) walbc.clear_vol(s, VOL)',
      'for (const s of [s0, p0]) await walbc.clearVol(s, VOL)',
    ],
    ['function f(x) { return g(x); }', 'f = function f(x) { return g(x); };'],
    ['class A { m() { return f(); } }', 'A = class A { m() { return f(); } };'],
    ['await Promise.all([f(), g()])', 'await Promise.all([f(), g()]);'],
    ['{ a: f() }', '({ a: await f() });'],
    ['{ let x = 1; f(x); }', '{ let x = 1; await f(x); }'],
    ['`$' + '{f()}`', '`$' + '{await f()}`;'],
  ])('%s', (typed, wanted) => {
    expect(statements(typed)).toBe(wanted);
  });

  it.each([
    ['walbc.full_backup(s0, VOL, block=False)', 'await walbc.fullBackup(s0, VOL, { block: false });'],
    [
      'walbc.full_backup(s0, VOL, 100, False)',
      'await walbc.fullBackup(s0, VOL, { timeoutS: 100, block: false });',
    ],
    ['walbc.fullBackup(s0, VOL, { block: false })', 'await walbc.fullBackup(s0, VOL, { block: false });'],
    [
      'walbc.replicate(a0, VOL, a1, True, TIMEOUT)',
      'await walbc.replicate(a0, VOL, a1, true, { timeoutS: TIMEOUT });',
    ],
    ['walbc.replicate(a0, VOL, a1, true, options)', 'await walbc.replicate(a0, VOL, a1, true, options);'],
    [
      'walbc.replicate_once(a0, VOL, a1, doResync=True, gid=7)',
      'await walbc.replicateOnce(a0, VOL, a1, { doResync: true, gid: 7 });',
    ],
    ['walbc.restore(a0, VOL, gid, timeoutS=10)', 'await walbc.restore(a0, VOL, gid, 10);'],
    ['walbc.status(vol=VOL)', 'await walbc.status(undefined, VOL);'],
    ['walbc.run_ctl(s0, ["kick"], True, 100)', 'await walbc.runCtl(s0, ["kick"], 100);'],
    ['walbc.get_host_type(s0, quietErr=True)', 'await walbc.getHostType(s0);'],
    ['walbc.clear(s0, VOL)', 'await walbc.clearVol(s0, VOL);'],
    ['walbc._apply_all(a0, VOL)', 'await walbc.applyAll(a0, VOL);'],
    ['wdev0.get_size_mb()', 'await wdev0.getSizeMb();'],
    ['wdev0.create(64, qp=10)', null],
    ['wdev0.write_random(4)', 'await wdev0.writeRandom(4);'],
    ['gidL[-1]', 'gidL.at(-1);'],
    ['f({ None: None, True })', 'await f({ None: null, True: true });'],
  ])('as in Python: %s', (typed, wanted) => {
    if (wanted === null) expect(() => translate(typed)).toThrow('create has no argument qp');
    else expect(statements(typed)).toBe(wanted);
  });

  it('as in Python, with prompts, comments, print and blocks', () => {
    expect(statements('python> x = 1')).toBe('x = 1;');
    expect(statements('>>> print walbc.get_state(s0, VOL)')).toBe(
      'await print(await walbc.getState(s0, VOL));',
    );
    expect(statements('# a word\nprint(1)')).toBe('await print(1);');
    expect(statements('for s in [s0, p0]: walbc.kick_all([s])')).toBe(
      'for (const s of [s0, p0]) { await walbc.kickAll([s]) }',
    );
    const block = 'for s in [s0]:\n  for v in vols:\n    walbc.clear_vol(s, v)\n  f(s)';
    expect(translate(block)).toBe(INCOMPLETE);
    expect(statements(`${block}\n`)).toBe(
      'for (const s of [s0]) {\n  for (const v of vols) {\n    await walbc.clearVol(s, v)\n}\n  await f(s)\n}',
    );
  });

  it('the value of the last expression is given back, and names that got a value are known', () => {
    expect(translated('x = 1; x + f()').body).toBe('x = 1;\nreturn (x + await f());');
    expect(translated('if (a) b()').body).toBe('if (a) await b()');
    expect(translated('const [a, { b = 2, ...c }] = f(); let d; e = 1; () => { g = 1 }').assigned).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
  });

  it('more is wanted where something has begun, and nonsense is refused', () => {
    for (const typed of ['f(', '[1,', 'function f() {', '`a', '/* a', 'x =', 'if (x) {\n  y()']) {
      expect(translate(typed), typed).toBe(INCOMPLETE);
    }
    for (const typed of ['f)', "'a", 'let let = 1', 'a b']) {
      expect(() => translate(typed), typed).toThrow(SyntaxError);
    }
  });
});
