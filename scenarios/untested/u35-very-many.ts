import { crowdScenario } from '../lib/crowd.ts';

/** A smaller crowd than that of scenarios/very-many.ts, which takes longer. */
export const u35 = crowdScenario({ name: 'u35-very-many', volumeCount: 60, diffCount: 4000 });
