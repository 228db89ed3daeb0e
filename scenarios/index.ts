import { basicBackup } from './basic-backup.ts';
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
import { r1 } from './replacement/r1-replace-storage.ts';
import { r2 } from './replacement/r2-replace-proxy.ts';
import { r3 } from './replacement/r3-replace-primary-archive.ts';
import { r4 } from './replacement/r4-replace-secondary-archive.ts';

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
    scenarios: [e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16, e17],
  },
  { title: 'Replacement', scenarios: [r1, r2, r3, r4] },
];

/** All scenarios, in the order of the catalogue. */
export const SCENARIOS: readonly Scenario[] = CATALOGUE.flatMap(({ scenarios }) => scenarios);
