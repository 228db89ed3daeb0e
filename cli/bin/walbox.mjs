#!/usr/bin/env node
import { basename } from 'node:path';
import { ensureBuilt, ensureInstalled } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const { main } = await import('../../dist/cli/walbox.js');
process.exitCode = await main(process.argv.slice(2), basename(process.argv[1]));
