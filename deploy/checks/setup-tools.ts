import { spawnSync } from 'node:child_process';
import { whyNoEngine } from './containers/engine.ts';
import { fetchCompose, fetchRootfs, TOOL_FOLDER } from './containers/tool-folder.ts';
import { hasTool, TOOLS, type Tool } from './tools.ts';

/**
 * Brings what the deployment's checks need and Debian's or Python's registry has: Prometheus with promtool,
 * Alertmanager with amtool, moto. Says plainly what no registry has. Idempotent.
 */
const WAYS: Partial<Record<Tool, string[][]>> = {
  promtool: [['apt-get', 'install', '-y', '--no-install-recommends', 'prometheus']],
  prometheus: [['apt-get', 'install', '-y', '--no-install-recommends', 'prometheus']],
  amtool: [['apt-get', 'install', '-y', '--no-install-recommends', 'prometheus-alertmanager']],
  dockerd: [['apt-get', 'install', '-y', '--no-install-recommends', 'docker.io']],
  debootstrap: [['apt-get', 'install', '-y', '--no-install-recommends', 'debootstrap']],
  moto_server: [
    ['pip', 'install', '--quiet', 'moto[server]'],
    ['pip3', 'install', '--quiet', '--break-system-packages', 'moto[server]'],
  ],
};

function attempt(command: string[]): boolean {
  const [program = '', ...args] = command;
  process.stdout.write(`$ ${command.join(' ')}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { stdio: 'inherit', env: environment, timeout: 600_000 }).status === 0;
}

let refreshed = false;
const missing: Tool[] = [];
for (const tool of Object.keys(TOOLS) as Tool[]) {
  if (hasTool(tool)) {
    process.stdout.write(`${tool}: is there\n`);
    continue;
  }
  const ways = WAYS[tool] ?? [];
  if (ways.some((way) => way[0] === 'apt-get') && !refreshed) refreshed = attempt(['apt-get', 'update']);
  if (!ways.some(attempt) || !hasTool(tool)) missing.push(tool);
}
if (whyNoEngine() === undefined) {
  try {
    await fetchCompose();
    await fetchRootfs();
    process.stdout.write(`Compose 2 and a base image are in ${TOOL_FOLDER}\n`);
  } catch (error) {
    process.stdout.write(`Compose 2 or a base image: ${(error as Error).message}\n`);
  }
}
for (const tool of missing) process.stdout.write(`${tool}: is missing; ${TOOLS[tool]}\n`);
