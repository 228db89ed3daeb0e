import fc from 'fast-check';

/**
 * Runs before each test file (vitest.config.ts): properties draw the same values in every run. `WALBOX_TEST_SEED`
 * draws others. With `WALBOX_TEST_NO_SHRINK` a failure is reported as it was found, which is much sooner.
 */
fc.configureGlobal({
  seed: Number(process.env.WALBOX_TEST_SEED ?? 1),
  endOnFailure: process.env.WALBOX_TEST_NO_SHRINK !== undefined,
});
