import type { StoryMutant } from '../mutant.ts';

/** Bugs that chaos found: each takes its mend back, and the regression that is left of the history must notice. */
export const REGRESSION_MUTANTS: readonly StoryMutant[] = [
  {
    name: 'regression-diff-replication-keeps-uuid',
    file: 'core/server/archive/replicate-parts.ts',
    text: '  if (!uuidEquals(await volume.files.loadUuid(), uuid)) await volume.files.saveUuid(uuid);\n  await receiveDiff',
    replacement: '  await receiveDiff',
    breaks: 'proxies cannot send to an archive that was replicated to behind a hash backup',
    hint: { scenarios: ['g1'] },
  },
  {
    name: 'regression-reset-without-image-in-memory',
    file: 'core/server/archive/life-cycle.ts',
    text: "    if (!volume.lvs.has(volume.lvs.baseName)) volume.states.set('SyncReady');\n",
    replacement: '',
    breaks: 'an archive without an image says Archived, and refuses every backup',
    hint: { scenarios: ['g2'] },
  },
  {
    name: 'regression-proxy-keeps-removed-volume',
    file: 'core/server/shared/persist.ts',
    text: ', step)) throw error;\n    await files.syncDirectory(base, step);\n    log',
    replacement:
      ', step) || name !== base) throw error;\n    await files.syncDirectory(base, step);\n    log',
    breaks: 'a proxy keeps a volume whose files are gone, and cannot start it',
    hint: { scenarios: ['g3'] },
  },
  {
    name: 'regression-replica-grown-over-old-data',
    file: 'core/control/replication.ts',
    text: 'vol, sourceLb, true, ',
    replacement: 'vol, sourceLb, false, ',
    breaks: 'a thick replica that the controller grows shows old data of others',
    hint: { scenarios: ['g4'] },
  },
  {
    name: 'regression-replica-takes-diffs-of-another-log',
    file: 'core/server/archive/replicate-parts.ts',
    text: "    if (!isFromSource) await verifySameLog(volume, diff, uuid, 'runDiffReplServer');\n",
    replacement: '',
    breaks: 'a replica that was ahead of a hash backup mixes two histories under one gid',
    hint: { scenarios: ['e24'] },
  },
  {
    name: 'regression-end-of-replication-not-undone',
    file: 'core/server/archive/replicate-parts.ts',
    text: "  await volume.files.state.change('SyncReady', 'Archived', STEPS.fullState);",
    replacement: "  await files.state.save('Archived', STEPS.fullState);",
    breaks: 'a replication that failed at its last sync is done after a restart',
    hint: { scenarios: ['g6'] },
  },
  {
    name: 'regression-unfinished-init-stays',
    file: 'core/server/archive/life-cycle.ts',
    text: '  if (server.unfinishedInits.delete(volume.volId)) await undoInit(server, volume);\n',
    replacement: '',
    breaks: 'a volume whose initialisation failed on a read-only file system can never be initialised',
    hint: { scenarios: ['g7'] },
  },
  {
    name: 'regression-reset-state-not-followed',
    file: 'core/server/storage/life-cycle.ts',
    text: '      await followStoredState(volume, transition);\n',
    replacement: '',
    breaks:
      'a volume whose reset failed at a sync is Stopped in memory, SyncReady on disk, and starts nowhere',
    hint: { scenarios: ['g8'] },
  },
  {
    name: 'regression-volume-being-made-unseen',
    file: 'core/server/archive/life-cycle.ts',
    text: "    // From now on everybody who asks finds this volume, in state InitVol.\n    server.volumes.set(volume.volId, volume);\n    const { files } = volume.world;\n    let isMade = false;\n    try {\n      await makeVolumeDirectory(server, volume);\n      isMade = true;\n      await writeInitialFiles(volume);\n      // The directory's own name is durable before anybody hears of it.\n      await files.syncDirectory(server.options.baseDirectory, STEPS.initDirectory);\n      await volume.lvs.relocate();\n      transition.commit('SyncReady');\n",
    replacement:
      "    const { files } = volume.world;\n    let isMade = false;\n    try {\n      await makeVolumeDirectory(server, volume);\n      isMade = true;\n      await writeInitialFiles(volume);\n      // The directory's own name is durable before anybody hears of it.\n      await files.syncDirectory(server.options.baseDirectory, STEPS.initDirectory);\n      await volume.lvs.relocate();\n      server.volumes.set(volume.volId, volume);\n      transition.commit('SyncReady');\n",
    breaks:
      'an archive says Clear of a volume that is being initialised, and so does whoever waits for it to be quiet',
    hint: { scenarios: ['g9'] },
  },
  {
    name: 'regression-end-of-backup-not-undone',
    file: 'core/server/storage/backup.ts',
    text: "await volume.files.changeState('SyncReady', 'Target');",
    replacement: "await volume.files.saveState('Target');",
    breaks: 'a backup that failed at its last sync is done after a restart, and asked for again before',
    hint: { scenarios: ['g10'] },
  },
  {
    name: 'regression-diff-name-unseen',
    file: 'core/server/archive/wdiff-store.ts',
    text: 'if (!(await this.#keepsName(before))) continue;',
    replacement: 'if (!(await this.#hasName(before))) continue;',
    breaks: 'an archive looks for a diff under a name that it never got while the file system failed',
    hint: { scenarios: ['g11'] },
  },
  {
    name: 'regression-stopped-proxy-not-emptied',
    file: 'core/control/replication.ts',
    text: "      if ((await getState(session, px, vol)) === 'Stopped') await start(session, px, vol);\n      if (PROXY_ACTIVE",
    replacement: '      if (PROXY_ACTIVE',
    breaks: 'an archive that is synchronised lacks what waited at a proxy that was stopped, for ever',
    hint: { scenarios: ['g12'] },
  },
];
