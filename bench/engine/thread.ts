/** A thread of `npm run bench:engine`: attaches to the shared model and makes passes when told to. */
import { parentPort, workerData } from 'node:worker_threads';

import { attachModel, type PreparedModel } from '#engine/index.ts';

import { makePass, type Share } from './measure.ts';

const { prepared, share } = workerData as { prepared: PreparedModel; share: Share };
const pass = makePass(attachModel(prepared), share);

parentPort!.on('message', (passes: number) => {
  let mismatches = 0;
  for (let made = 0; made < passes; made++) {
    mismatches += pass();
  }
  parentPort!.postMessage(mismatches);
});
