/** Exits 0 when the URL of its argument answers 2xx within 3 seconds: a HEALTHCHECK without curl. */
const [url = 'http://127.0.0.1:8000/health/live'] = process.argv.slice(2);
const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
process.exitCode = answer?.ok === true ? 0 : 1;
