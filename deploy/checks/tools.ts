import { spawnSync } from 'node:child_process';

/** Programs outside npm that the deployment's checks call, and what brings each on Debian. */
export const TOOLS = {
  terraform: 'no registry has it: https://developer.hashicorp.com/terraform/install',
  kubectl: 'no registry has it: https://kubernetes.io/docs/tasks/tools/',
  helm: 'no registry has it; without it test/deploy/chart.test.ts renders by itself',
  promtool: 'apt-get install prometheus',
  prometheus: 'apt-get install prometheus',
  amtool: 'apt-get install prometheus-alertmanager',
  moto_server: "pip install 'moto[server]'",
  dockerd: 'apt-get install docker.io',
  debootstrap: 'apt-get install debootstrap',
} as const;

export type Tool = keyof typeof TOOLS;

const found = new Set<Tool>();

/** Whether the program can be run; looked up until it is there. */
export function hasTool(tool: Tool): boolean {
  if (found.has(tool)) return true;
  const has = spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
  if (has) found.add(tool);
  return has;
}

/** True, and a line that cannot be overlooked, when a program is missing. */
export function skipWithout(tool: Tool): boolean {
  if (hasTool(tool)) return false;
  process.stderr.write(`SKIP: ${tool} is not installed (${TOOLS[tool]}; npm run setup:deploy-tools)\n`);
  return true;
}
