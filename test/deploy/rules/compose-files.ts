import { parse } from 'yaml';
import type { Tree } from './rule.ts';

export type Service = {
  image?: string;
  build?: { context?: string };
  user?: string;
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string | number>;
  ports?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  logging?: { driver: string; options?: Record<string, string> };
  deploy?: { replicas?: string | number; resources?: { limits?: { cpus?: string; memory?: string } } };
  stop_grace_period?: string;
  networks?: string[];
  secrets?: string[];
  healthcheck?: { test: string[]; start_period?: string; interval?: string; retries?: number };
  depends_on?: Record<string, { condition: string }> | string[];
  restart?: string;
  volumes?: string[];
  profiles?: string[];
};

export type Compose = {
  services: Record<string, Service>;
  networks?: Record<string, { internal?: boolean } | null>;
  volumes?: Record<string, unknown>;
  secrets?: Record<string, { file: string }>;
};

export const DEV = 'compose.yaml';
export const PROD = 'docker/compose.prod.yaml';

/** A Compose file with its merges and its variables resolved: as in `.env.example`, else by their defaults. */
export function readCompose(tree: Tree, file: string): Compose {
  const given = variables(tree.read('.env.example'));
  const text = tree.read(file).replaceAll('$$', '\u0000');
  const filled = text.replaceAll(
    /\$\{(\w+)(?:(:-)([^}]*)|:\?[^}]*)?\}/gu,
    (_, name: string, _kind?: string, fallback?: string) => given[name] || (fallback ?? ''),
  );
  return parse(filled.replaceAll('\u0000', '$'), { merge: true }) as Compose;
}

/** `NAME=value` lines. */
export function variables(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gmu)].map((m) => [m[1] ?? '', m[2] ?? '']));
}

/** MiB of `1G`, `1536M`. */
export function mebibytes(text = ''): number {
  const [, count = '', unit = ''] = /^(\d+)(M|G|m|g)$/u.exec(text) ?? [];
  return Number(count) * (unit.toLowerCase() === 'g' ? 1_024 : 1);
}

/** Seconds of `90s`. */
export function seconds(text = ''): number {
  return Number(/^(\d+)s$/u.exec(text)?.[1]);
}
