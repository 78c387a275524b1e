#!/usr/bin/env node
// JavaScript, so that Node does not load its TypeScript reader at every start: what it made of the other files is cached.
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// A folder of one's own: nobody else may put compiled code into it.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'iit'));
const { main } = await import('../iit/main.ts');
await main(process.argv);
