/**
 * `walbox/catalogue`: the scenarios that walbox brings, in the order of docs/scenarios.md, as `walbox list` lists them.
 * Needs Node.
 */
import { basicBackup } from './basic-backup.ts';
import { c1 } from './crash/c1-device-crash.ts';
import { c2 } from './crash/c2-device-read-errors.ts';
import { c3 } from './crash/c3-power-losses.ts';
import { c4 } from './crash/c4-power-losses-behind.ts';
import { c5 } from './crash/c5-written-before-the-server.ts';
import { e1 } from './failure/e1-proxy-down.ts';
import { e2 } from './failure/e2-archive-down.ts';
import { e3 } from './failure/e3-storage-down.ts';
import { e4 } from './failure/e4-storage-down-overflow.ts';
import { e5 } from './failure/e5-proxy-data-lost.ts';
import { e6 } from './failure/e6-primary-archive-lost.ts';
import { e7 } from './failure/e7-secondary-archive-lost.ts';
import { e8 } from './failure/e8-storage-metadata-lost.ts';
import { e9 } from './failure/e9-storage-proxy-link-down.ts';
import { e10 } from './failure/e10-storage-proxy-link-overflow.ts';
import { e11 } from './failure/e11-proxy-archive-link-down.ts';
import { e12 } from './failure/e12-cut-full-backup.ts';
import { e13 } from './failure/e13-cut-hash-backup.ts';
import { e14 } from './failure/e14-cut-full-replication.ts';
import { e15 } from './failure/e15-cut-hash-replication.ts';
import { e16 } from './failure/e16-cut-diff-replication.ts';
import { e17 } from './failure/e17-same-diff-twice.ts';
import { e18 } from './failure/e18-two-logs-at-proxy.ts';
import { e19 } from './failure/e19-stop-given-up.ts';
import { e20 } from './failure/e20-silent-after-answer.ts';
import { e21 } from './failure/e21-copy-of-an-older-base.ts';
import { e22 } from './failure/e22-slow-log-disk.ts';
import { e23 } from './failure/e23-replica-behind-hash-backups.ts';
import { e24 } from './failure/e24-gids-given-again.ts';
import { e25 } from './failure/e25-replica-behind-merged-hash-backup.ts';
import type { Scenario } from './lib/scenario.ts';
import { m1 } from './misoperation/m1-full-backup-of-target.ts';
import { m2 } from './misoperation/m2-hash-backup-to-empty.ts';
import { m3 } from './misoperation/m3-storage-grown-only.ts';
import { n1 } from './normal/n1-full-backup.ts';
import { n2 } from './normal/n2-snapshot.ts';
import { n3 } from './normal/n3-hash-backup.ts';
import { n4a } from './normal/n4a-stop-start-all.ts';
import { n4b } from './normal/n4b-stop-start-some.ts';
import { n5 } from './normal/n5-apply.ts';
import { n6 } from './normal/n6-merge.ts';
import { n7 } from './normal/n7-full-replication.ts';
import { n8 } from './normal/n8-diff-replication.ts';
import { n9 } from './normal/n9-hash-replication.ts';
import { n10 } from './normal/n10-synchronizing.ts';
import { n11a } from './normal/n11a-grow-zero-clear.ts';
import { n11b } from './normal/n11b-grow-hash-backup.ts';
import { n12 } from './normal/n12-exchange-storages.ts';
import { n13 } from './normal/n13-disable-snapshots.ts';
import { n14 } from './normal/n14-resync.ts';
import { p1 } from './procedure/p1-all-proxies-down.ts';
import { p2 } from './procedure/p2-archive-down-long.ts';
import { p3 } from './procedure/p3-send-error.ts';
import { p4 } from './procedure/p4-storage-lost.ts';
import { p5 } from './procedure/p5-proxy-lost.ts';
import { p6 } from './procedure/p6-survivor-becomes-primary.ts';
import { p7 } from './procedure/p7-primary-lost-alone.ts';
import { p8 } from './procedure/p8-device-content-lost.ts';
import { p9 } from './procedure/p9-switch-by-full-backup.ts';
import { p10 } from './procedure/p10-several-archives.ts';
import { p11 } from './procedure/p11-switch-targets-with-replicas.ts';
import { x1 } from './random/x1-random-operations.ts';
import { g1 } from './regressions/g1-diff-replication-follows-the-log.ts';
import { g2 } from './regressions/g2-reset-that-fails-behind-its-removal.ts';
import { g3 } from './regressions/g3-proxy-volume-whose-directory-is-gone.ts';
import { g4 } from './regressions/g4-replica-grown-over-old-data.ts';
import { g5 } from './regressions/g5-replica-ahead-of-a-hash-backup.ts';
import { g6 } from './regressions/g6-replication-whose-last-sync-fails.ts';
import { g7 } from './regressions/g7-init-whose-undoing-failed.ts';
import { g8 } from './regressions/g8-reset-whose-state-was-not-synced.ts';
import { g9 } from './regressions/g9-volume-that-is-being-made.ts';
import { g10 } from './regressions/g10-backup-whose-state-was-not-synced.ts';
import { g11 } from './regressions/g11-diff-that-could-not-be-renamed.ts';
import { g12 } from './regressions/g12-synchronised-beside-a-stopped-proxy.ts';
import { g13 } from './regressions/g13-volume-cleared-by-an-error.ts';
import { g14 } from './regressions/g14-state-that-another-save-put-right.ts';
import { r1 } from './replacement/r1-replace-storage.ts';
import { r2 } from './replacement/r2-replace-proxy.ts';
import { r3 } from './replacement/r3-replace-primary-archive.ts';
import { r4 } from './replacement/r4-replace-secondary-archive.ts';
import { u1 } from './untested/u1-explicit-snapshot-blocks-merge.ts';
import { u2 } from './untested/u2-simultaneous-operations.ts';
import { u3 } from './untested/u3-different-uuid.ts';
import { u4 } from './untested/u4-empty-snapshots.ts';
import { u5 } from './untested/u5-volume-names.ts';
import { u6 } from './untested/u6-stop-empty-unreachable.ts';
import { u7 } from './untested/u7-compression-changed.ts';
import { u8 } from './untested/u8-clock-jumps.ts';
import { u9 } from './untested/u9-two-proxies-parts.ts';
import { u10 } from './untested/u10-proxy-disk-full.ts';
import { u11 } from './untested/u11-archive-full.ts';
import { u12 } from './untested/u12-rotten-diff.ts';
import { u13 } from './untested/u13-rotten-base.ts';
import { u14 } from './untested/u14-two-sources.ts';
import { u15 } from './untested/u15-restart-orders.ts';
import { u16 } from './untested/u16-restart-during-operations.ts';
import { u17 } from './untested/u17-older-copies.ts';
import { u18 } from './untested/u18-two-losses.ts';
import { u19 } from './untested/u19-different-archive-sets.ts';
import { u20 } from './untested/u20-controller-dies.ts';
import { u21 } from './untested/u21-two-controllers.ts';
import { u22 } from './untested/u22-archive-moves.ts';
import { u23 } from './untested/u23-force-stopped-operations.ts';
import { u24 } from './untested/u24-one-slot.ts';
import { u25 } from './untested/u25-odd-operations.ts';
import { u26 } from './untested/u26-hostile-connections.ts';
import { u27 } from './untested/u27-damaged-metadata.ts';
import { u28 } from './untested/u28-grown-during-sync.ts';
import { u29 } from './untested/u29-cut-conversations.ts';
import { u30 } from './untested/u30-one-way-loss.ts';
import { u31 } from './untested/u31-slow-links.ts';
import { u32 } from './untested/u32-corrupted-bytes.ts';
import { u33 } from './untested/u33-large-packs.ts';
import { u34 } from './untested/u34-last-gids.ts';
import { u35 } from './untested/u35-very-many.ts';
import { u36 } from './untested/u36-restored-in-use.ts';
import { u37 } from './untested/u37-hash-collision.ts';
import { u38 } from './untested/u38-same-second.ts';
import { u39 } from './untested/u39-odd-times.ts';
import { u40 } from './untested/u40-send-error-and-clock.ts';
import { u41 } from './untested/u41-restart-during-waits.ts';
import { u42 } from './untested/u42-no-remote-commands.ts';
import { u43 } from './untested/u43-archive-name-reused.ts';
import { u44 } from './untested/u44-other-version.ts';
import { u45 } from './untested/u45-destination-busy.ts';
import { u46 } from './untested/u46-two-targets.ts';
import { u47 } from './untested/u47-restart-at-rest.ts';
import { u48 } from './untested/u48-scan-beside-apply.ts';
import { u49 } from './untested/u49-rotten-diff-at-proxy.ts';

/** A part of the catalogue. */
export interface Chapter {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

/** The catalogue (docs/scenarios.md), in its order. */
export const CATALOGUE: readonly Chapter[] = [
  { title: 'Tour', scenarios: [basicBackup] },
  {
    title: 'Normal operations',
    scenarios: [n1, n2, n3, n4a, n4b, n5, n6, n7, n8, n9, n10, n11a, n11b, n12, n13, n14],
  },
  { title: 'Misoperations', scenarios: [m1, m2, m3] },
  {
    title: 'Failures',
    scenarios: [
      e1,
      e2,
      e3,
      e4,
      e5,
      e6,
      e7,
      e8,
      e9,
      e10,
      e11,
      e12,
      e13,
      e14,
      e15,
      e16,
      e17,
      e18,
      e19,
      e20,
      e21,
      e22,
      e23,
      e24,
      e25,
    ],
  },
  { title: 'Replacement', scenarios: [r1, r2, r3, r4] },
  {
    title: 'Procedures of the troubleshooting documents',
    scenarios: [p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11],
  },
  { title: 'Random operations', scenarios: [x1] },
  {
    title: 'Regressions that chaos found',
    scenarios: [g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13, g14],
  },
  { title: 'Crashes of the walb device', scenarios: [c1, c2, c3, c4, c5] },
  {
    title: 'Situations that the original suites never test',
    scenarios: [
      u1,
      u2,
      u3,
      u4,
      u5,
      u6,
      u7,
      u8,
      u9,
      u10,
      u11,
      u12,
      u13,
      u14,
      u15,
      u16,
      u17,
      u18,
      u19,
      u20,
      u21,
      u22,
      u23,
      u24,
      u25,
      u26,
      u27,
      u28,
      u29,
      u30,
      u31,
      u32,
      u33,
      u34,
      u35,
      u36,
      u37,
      u38,
      u39,
      u40,
      u41,
      u42,
      u43,
      u44,
      u45,
      u46,
      u47,
      u48,
      u49,
    ],
  },
];

/** All scenarios, in the order of the catalogue. */
export const SCENARIOS: readonly Scenario[] = CATALOGUE.flatMap(({ scenarios }) => scenarios);
