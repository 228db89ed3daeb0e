import { basicBackup } from './basic-backup.ts';
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
];

/** All scenarios, in the order of the catalogue. */
export const SCENARIOS: readonly Scenario[] = CATALOGUE.flatMap(({ scenarios }) => scenarios);
