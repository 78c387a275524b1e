import { parentPort, workerData } from 'node:worker_threads';
import { prepareModel } from '#engine/index.ts';

parentPort?.postMessage(prepareModel(workerData as string));
