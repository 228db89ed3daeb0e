import { crowdScenario } from './lib/crowd.ts';

/** No part of the catalogue, for it takes a minute: `npx walbox run scenarios/very-many.ts`. */
export const veryMany = crowdScenario({ name: 'very-many', volumeCount: 1000, diffCount: 100_000 });
