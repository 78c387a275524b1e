import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import dockerignore from '@balena/dockerignore';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';

const run = promisify(execFile);

/** A folder that holds what the image's root would hold, and what the image says about how to run it. */
export type ReplayedImage = {
  /** Stands for `/` of the last stage. */
  root: string;
  workDir: string;
  user: { uid: number; gid: number };
  environment: Record<string, string>;
  /** ENTRYPOINT and CMD, in exec form. */
  entrypoint: string[];
  command: string[];
  healthCheck: string[];
  /** RUN steps that change the system and not the tree, and so were not carried out. */
  skipped: string[];
};

type Stage = { name: string; root: string; workDir: string; environment: Record<string, string> };

export type ReplayOptions = {
  dockerfile: string;
  dockerignore: string;
  /** The folder that the build would send. */
  context: string;
  /** An empty folder. */
  target: string;
};

/**
 * Carries out a Dockerfile's steps without a container engine: COPY with its ignore file, RUN (npm's alone; apt-get
 * is reported as skipped), WORKDIR, ENV, several stages. The base image's own files are not there: its Node is the
 * one that runs this.
 * @throws on an instruction that it does not know: a step that is left out silently would prove nothing.
 */
export async function replayImage(options: ReplayOptions): Promise<ReplayedImage> {
  const instructions = DockerfileParser.parse(options.dockerfile).getInstructions();
  const allowed = dockerignore.default().add(options.dockerignore.split('\n'));
  const stages: Stage[] = [];
  const skipped: string[] = [];
  let user = { uid: 0, gid: 0 };
  let entrypoint: string[] = [];
  let command: string[] = [];
  let healthCheck: string[] = [];

  const current = (): Stage => {
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error('The Dockerfile begins with no FROM.');
    return stage;
  };
  const steps: Record<string, (step: Instruction, text: string) => Promise<void> | void> = {
    ARG: () => {},
    LABEL: () => {},
    EXPOSE: () => {},
    FROM: async (_, text) => {
      const name = /\bAS\s+(\S+)/iu.exec(text)?.[1] ?? String(stages.length);
      const root = join(options.target, name);
      await mkdir(root, { recursive: true });
      stages.push({ name, root, workDir: '/', environment: {} });
    },
    WORKDIR: async (_, text) => {
      current().workDir = text;
      await mkdir(join(current().root, text), { recursive: true });
    },
    ENV: (_, text) => {
      const [name = '', value = ''] = text.split('=');
      current().environment[name] = value;
    },
    COPY: async (step) => {
      const from = (step as Copy).getFromFlag()?.getValue();
      const paths = step.getArguments().map((argument) => argument.getValue());
      const destination = paths.pop() ?? '';
      const source = stages.find((stage) => stage.name === from)?.root;
      for (const path of paths) {
        if (source === undefined)
          await copyFromContext(options.context, allowed, path, current(), destination);
        else
          await cp(join(source, path), inside(current(), destination), {
            recursive: true,
            verbatimSymlinks: true,
          });
      }
    },
    RUN: async (_, text) => {
      if (!text.startsWith('npm ')) return void skipped.push(text);
      await run('sh', ['-c', text], {
        cwd: join(current().root, current().workDir),
        env: { ...process.env, npm_config_prefer_offline: 'true' },
        maxBuffer: 16 * 1024 ** 2,
      });
    },
    USER: (_, text) => {
      const [uid = 0, gid = 0] = text.split(':').map(Number);
      user = { uid, gid };
    },
    ENTRYPOINT: (_, text) => void (entrypoint = JSON.parse(text) as string[]),
    CMD: (_, text) => void (command = JSON.parse(text) as string[]),
    HEALTHCHECK: (_, text) => void (healthCheck = JSON.parse(text.slice(text.indexOf('['))) as string[]),
  };
  for (const instruction of instructions) {
    const step = steps[instruction.getKeyword()];
    if (step === undefined) throw new Error(`${instruction.getKeyword()} cannot be replayed.`);
    await step(instruction, (instruction.getArgumentsContent() ?? '').replaceAll('\\\n', ' ').trim());
  }
  const last = current();
  await closeTree(last.root);
  const { root, workDir, environment } = last;
  return { root, workDir: join(root, workDir), user, environment, entrypoint, command, healthCheck, skipped };
}

function inside(stage: Stage, path: string): string {
  return path.startsWith('/') ? join(stage.root, path) : join(stage.root, stage.workDir, path);
}

/** COPY's rules: a file lands in a destination that ends with a slash; of a folder the content is copied. */
async function copyFromContext(
  context: string,
  allowed: ReturnType<typeof dockerignore.default>,
  path: string,
  stage: Stage,
  destination: string,
): Promise<void> {
  const source = join(context, path);
  const isFolder = (await lstat(source)).isDirectory();
  const goal = inside(stage, destination);
  const target = isFolder || !destination.endsWith('/') ? goal : join(goal, basename(path));
  await cp(source, target, {
    recursive: true,
    // The copied folder itself may be one of which only some files are let through.
    filter: (file) => file === source || !allowed.ignores(relative(context, file)),
  });
}

/** Takes every right to write away, as a read-only root would. */
async function closeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await closeTree(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o111) === 0 ? 0o444 : 0o555);
  }
  await chmod(folder, 0o555);
}
