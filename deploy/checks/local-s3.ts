import { spawnSync } from 'node:child_process';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '#dev/local-services/free-port.ts';
import { startServerProcess } from '#dev/local-services/server-process.ts';

/** A local S3 (moto) with one bucket, and the environment by which a process finds it. */
export type LocalS3 = AsyncDisposable & {
  readonly environment: Readonly<Record<string, string>>;
};

/** @throws when moto_server is missing or does not start; `npm run setup:deploy-tools` brings it. */
export async function startLocalS3(bucket: string): Promise<LocalS3> {
  const port = await freePort();
  const server = await startServerProcess({
    command: 'moto_server',
    args: ['-H', '127.0.0.1', '-p', String(port)],
    readyText: 'Running on http',
    readyTimeoutMs: 60_000,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return {
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
    [Symbol.asyncDispose]: () => server.stop('SIGTERM'),
  };
}

/** A pyenv shim may be there for a program that no installed Python has. */
export function canRunMoto(): boolean {
  return spawnSync('moto_server', ['--help'], { timeout: 30_000 }).status === 0;
}
