import fc from 'fast-check';

/** One seed for every property, unless FC_SEED names another: a red run is then about the change, not about luck. */
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_123) });
