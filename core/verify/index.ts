/**
 * `walbox/verify`: everything checkable about WalB's files: what is wrong, where, what it costs, what to do
 * (docs/tools.md, "verify"). One file by `guessKind` and `verifyFile`; whole directories by `verifyDirectory`, over the
 * `FileStore` of walbox/native or one of your own. Pure.
 */
export { verifyDirectory } from './directory.ts';
export { type Guess, guessKind, verifyFile } from './file.ts';
export type { FileCheck, FileKind, FileReport, Finding, LocalFinding, Severity } from './finding.ts';
export { exactReader, type TreeCheck, type TreeReport, verifyAnyFile } from './tree.ts';
