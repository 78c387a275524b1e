import type { SingleBar } from 'cli-progress';

const LINE_EVERY_MS = 10_000;
/** What a line needs beside its bar. */
const WORDS_WIDTH = 46;
const WIDEST_BAR = 40;

export type Progress = {
  /** `share` between 0 and 1; undefined where it cannot be told. */
  show: (share: number | undefined, detail: string) => void;
  stop: () => void;
};

export const NO_PROGRESS: Progress = { show: () => undefined, stop: () => undefined };

/** A bar on a terminal, cut to its width; a line every ten seconds where there is none. On standard error. */
export async function startProgress(
  label: string,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Progress> {
  return stream.isTTY ? await startBar(label, stream) : startLines(label, stream);
}

async function startBar(label: string, stream: NodeJS.WriteStream): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress');
  const room = (stream.columns || 80) - WORDS_WIDTH;
  const bar: SingleBar = new cliProgress.SingleBar({
    stream,
    format: room >= 8 ? `${label} {bar} {percentage} %  {detail}` : `${label} {percentage} %  {detail}`,
    barsize: Math.max(8, Math.min(WIDEST_BAR, room)),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    emptyOnZero: true,
    fps: 8,
  });
  bar.start(1_000, 0, { detail: '' });
  return {
    show: (share, detail) => bar.update(Math.round((share ?? 0) * 1_000), { detail }),
    stop: () => bar.stop(),
  };
}

function startLines(label: string, stream: NodeJS.WriteStream): Progress {
  let lastMs = performance.now();
  return {
    show(share, detail) {
      const nowMs = performance.now();
      if (nowMs - lastMs < LINE_EVERY_MS) return;
      lastMs = nowMs;
      const done = share === undefined ? '' : `${Math.floor(share * 100)} %  `;
      stream.write(`${label} ${done}${detail}\n`);
    },
    stop: () => undefined,
  };
}
