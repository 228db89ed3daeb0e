import type { BenchCase } from './bench-case.ts';
import { DATA_CASES } from './data-cases.ts';
import { SIM_CASES } from './sim-cases.ts';
import { START_CASES } from './start-cases.ts';

/** All measurements, yardsticks before what is compared with them. */
export const CASES: readonly BenchCase[] = [...DATA_CASES, ...START_CASES, ...SIM_CASES];
