import fc from 'fast-check';

/**
 * Import this for its effect: properties draw the same values in every run. `WALBOX_TEST_SEED` draws others.
 */
fc.configureGlobal({ seed: Number(process.env.WALBOX_TEST_SEED ?? 1) });
