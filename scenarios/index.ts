import { basicBackup } from './basic-backup.ts';
import type { Scenario } from './lib/scenario.ts';

/** All scenarios, by name in the order of the catalogue. */
export const SCENARIOS: readonly Scenario[] = [basicBackup];
