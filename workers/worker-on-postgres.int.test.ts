import { describeWorker } from '#test/support/worker-promises.ts';

describeWorker('postgres');
