import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './run.ts';

/** Kept between runs: what takes a minute to fetch and never changes. */
export const TOOL_FOLDER = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iit-ml-service');

/** Debian's release that the image stands on. */
const SUITE = 'bookworm';
/** The first of Debian's releases that has Compose 2. */
const COMPOSE_SUITE = 'trixie';
const MIRROR = 'http://deb.debian.org/debian';

/** Where the Docker client looks for its plugins: `DOCKER_CONFIG`. */
export const CLIENT_FOLDER = join(TOOL_FOLDER, 'client');
const COMPOSE = join(CLIENT_FOLDER, 'cli-plugins', 'docker-compose');
const ROOTFS = join(TOOL_FOLDER, `${SUITE}.tar`);

/** Compose 2 out of the next suite's package, unpacked and not installed: this machine's own packages stay as they are. */
export async function fetchCompose(): Promise<void> {
  if (existsSync(COMPOSE)) return;
  const folder = await mkdtemp(join(tmpdir(), 'iit-compose-'));
  try {
    const inside = (name: string) => join(folder, name);
    await Promise.all(
      ['lists/partial', 'cache/archives/partial', 'unpacked'].map((name) =>
        mkdir(inside(name), { recursive: true }),
      ),
    );
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    await writeFile(inside('sources.list'), `deb [signed-by=${keyring}] ${MIRROR} ${COMPOSE_SUITE} main\n`);
    const settings = {
      'Dir::Etc::sourcelist': inside('sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State::lists': inside('lists'),
      'Dir::Cache': inside('cache'),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    await run('apt-get', [...options, 'update'], { timeoutMs: 180_000 });
    await run('apt-get', [...options, 'download', 'docker-compose'], { cwd: folder, timeoutMs: 180_000 });
    const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['-x', inside(archive ?? ''), inside('unpacked')]);
    await mkdir(join(CLIENT_FOLDER, 'cli-plugins'), { recursive: true });
    await run('cp', [inside('unpacked/usr/libexec/docker/cli-plugins/docker-compose'), `${COMPOSE}.part`]);
    await rename(`${COMPOSE}.part`, COMPOSE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The tar of a root file system that stands in for node:24-slim: Debian's minimal base by debootstrap, Node and npm of this
 * installation, this machine's certificate authorities (a registry may be reached through a proxy of the house).
 */
export async function fetchRootfs(): Promise<string> {
  if (existsSync(ROOTFS)) return ROOTFS;
  await mkdir(TOOL_FOLDER, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'iit-rootfs-'));
  try {
    const inside = (name: string) => join(folder, name);
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, folder, MIRROR], {
      timeoutMs: 540_000,
    });
    await run('sh', ['-c', 'rm -rf var/cache/apt/archives/*.deb var/cache/apt/*.bin var/lib/apt/lists/*'], {
      cwd: folder,
    });
    await mkdir(inside('usr/local/lib/node_modules'), { recursive: true });
    const { stdout: node } = await run('npm', ['exec', '--', 'node', '-p', 'process.execPath']);
    await run('cp', [node.trim(), inside('usr/local/bin/node')]);
    const { stdout: modules } = await run('npm', ['root', '--global']);
    await run('cp', ['-r', resolve(modules.trim(), 'npm'), inside('usr/local/lib/node_modules/')]);
    for (const name of ['npm', 'npx']) {
      await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, inside(`usr/local/bin/${name}`));
    }
    await run('cp', ['/etc/ssl/certs/ca-certificates.crt', inside('etc/ssl/certs/')]);
    await run('tar', ['-C', folder, '-cf', `${ROOTFS}.part`, '.']);
    await rename(`${ROOTFS}.part`, ROOTFS);
    return ROOTFS;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
