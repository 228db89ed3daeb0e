#!/usr/bin/env node
import { ensureBuilt, ensureInstalled } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const { main } = await import('../../dist/cli/walbox.js');
process.exitCode = await main(process.argv.slice(2));
