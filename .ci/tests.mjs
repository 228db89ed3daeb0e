/**
 * Reads the JSON report of the test suite for .ci/run.
 * `count FILE` prints `N passed, N failed`; `left-out FILE` fails when a test was skipped or is to do.
 */
import { readFileSync } from 'node:fs';

const [command, path] = process.argv.slice(2);
const report = JSON.parse(readFileSync(path, 'utf8'));

if (command === 'count') {
  // A file that could not be loaded has no tests that could fail, but it failed.
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + unloaded;
  console.log(`${report.numPassedTests} passed, ${report.success ? failed : Math.max(1, failed)} failed`);
} else if (command === 'left-out') {
  const leftOut = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => !['passed', 'failed'].includes(test.status))
      .map((test) => `${file.name}: ${test.fullName}`),
  );
  for (const name of leftOut) console.log(`left out: ${name}`);
  console.log(`${report.numTotalTests} tests, ${leftOut.length} left out`);
  process.exitCode = leftOut.length === 0 && report.numTotalTests > 0 ? 0 : 1;
} else {
  console.error('usage: tests.mjs count|left-out REPORT');
  process.exitCode = 2;
}
