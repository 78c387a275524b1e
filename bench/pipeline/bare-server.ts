import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers every request with as many bytes as a poll has: what 1,000 polls a second cost anybody. Prints its port. */
const BODY = JSON.stringify({ filler: 'x'.repeat(1_200) });

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
  response.end(BODY);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
