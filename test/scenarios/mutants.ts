import type { Mutant } from '../mutants/mutant.ts';

/** A planted mistake in the behaviour that a scenario guards; that scenario must turn red. */
interface ScenarioMutant extends Omit<Mutant, 'tests' | 'name'> {
  /** Name of the scenario. */
  readonly scenario: string;
}

const LIST: readonly ScenarioMutant[] = [
  {
    scenario: 'n3-hash-backup',
    file: 'core/protocol/hash-sync-stream.ts',
    text: 'for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;',
    replacement: 'for (let i = 0; i < 0; i++) if (a[i] !== b[i]) return false;',
    breaks: 'a hash backup takes every chunk for equal',
  },
  {
    scenario: 'n5-apply',
    file: 'core/server/archive/apply.ts',
    text: 'await writeToBase(server, volume, opened);',
    replacement: 'await writeToBase(server, volume, opened.slice(0, 1));',
    breaks: 'an apply writes its first diff only',
  },
  {
    scenario: 'n6-merge',
    file: 'core/engine/merge.ts',
    text: 'else fronts.push({ input, io });',
    replacement: 'else fronts.unshift({ input, io });',
    breaks: 'of two writes to one block the older is kept by a merge',
  },
  {
    scenario: 'n10-synchronizing',
    file: 'core/server/proxy/registration.ts',
    text: '  for (const archive of sortedArchives(volume)) {',
    replacement: '  for (const archive of sortedArchives(volume).slice(0, 1)) {',
    breaks: 'a proxy keeps diffs for its first archive only',
  },
  {
    scenario: 'n11a-grow-zero-clear',
    file: 'core/server/archive/resize.ts',
    text: '  if (zeroClear) await zeroRange(server, volume, oldLb, lvs.baseLb ?? sizeLb);\n',
    replacement: '',
    breaks: 'the new part of a grown image keeps what lay there before',
  },
  {
    scenario: 'n14-resync',
    file: 'core/control/replication.ts',
    text: 'if (own !== other) {',
    replacement: 'if (own === null) {',
    breaks: 'a replica of another lineage is not noticed',
  },
  {
    scenario: 'm3-storage-grown-only',
    file: 'core/server/archive/wdiff-receive.ts',
    text: '  if (ownLb < sizeLb) {',
    replacement: '  if (ownLb > sizeLb) {',
    breaks: 'diffs beyond the end of an image are taken',
  },
  {
    scenario: 'e2-archive-down',
    file: 'core/server/proxy/send.ts',
    text: 'const UNREACHABLE_DELAY_MS = 1000;',
    replacement: 'const UNREACHABLE_DELAY_MS = 1_000_000;',
    breaks: 'a proxy does not notice that its archive is back',
  },
  {
    scenario: 'e5-proxy-data-lost',
    file: 'core/snapshot/algebra.ts',
    text: "  if (begin > at) return 'too-new';\n",
    replacement: '',
    breaks: 'a gap in the diffs is bridged',
  },
  {
    scenario: 'e13-cut-hash-backup',
    file: 'core/server/archive/hash-backup.ts',
    text: '    await file.end();\n    const diff = await nameDiff();',
    replacement: '    const diff = await nameDiff();',
    breaks: 'the diff of a hash backup has no end',
  },
  {
    scenario: 'e17-same-diff-twice',
    file: 'core/server/archive/wdiff-receive.ts',
    text: "  if (found === 'too-old') return 'too-old-diff';\n",
    replacement: '',
    breaks: 'a proxy keeps sending what the archive has',
  },
  {
    scenario: 'r2-replace-proxy',
    file: 'core/control/wiring.ts',
    text: '  for (const name of await getArchiveInfoList(session, source, vol)) {',
    replacement: '  for (const name of (await getArchiveInfoList(session, source, vol)).slice(1)) {',
    breaks: 'a new proxy does not know the archives of the old one',
  },
  {
    scenario: 'p3-send-error',
    file: 'core/server/proxy/volume.ts',
    text: '    archive.isSendError = false;\n    pushSendForce(server, volume, archive.name, 0);',
    replacement: '    archive.isSendError = false;',
    breaks: 'a kick makes no proxy send again',
  },
  {
    scenario: 'u3-different-uuid',
    file: 'core/server/archive/wdiff-receive.ts',
    text: "  if (request.hostType === 'proxy' && !uuidEquals(await files.loadUuid(), request.uuid))",
    replacement: "  if (request.hostType !== 'proxy' && !uuidEquals(await files.loadUuid(), request.uuid))",
    breaks: 'diffs of an older log are mixed into the new history',
  },
  {
    scenario: 'u12-rotten-diff',
    file: 'core/engine/pack-image.ts',
    text: '  if (found !== record.checksum) {',
    replacement: '  if (found < 0) {',
    breaks: 'rotten data are restored',
  },
];

const CHAPTERS = new Map([
  ['n', 'normal'],
  ['m', 'misoperation'],
  ['e', 'failure'],
  ['r', 'replacement'],
  ['p', 'procedure'],
  ['u', 'untested'],
]);

/** In the form that `npm run mutants` plants: the test of the scenario alone must turn red. */
export const SCENARIO_MUTANTS: readonly Mutant[] = LIST.map(({ scenario, ...mutant }) => ({
  ...mutant,
  name: `scenario-${scenario}`,
  tests: [`test/scenarios/catalogue/${CHAPTERS.get(scenario[0])}.test.ts`],
  only: `${scenario}:`,
}));
