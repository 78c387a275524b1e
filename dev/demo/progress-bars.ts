import { clearLine, moveCursor } from 'node:readline';

const WIDTH = 32;
/** Between two lines where the output is no terminal. */
const LINE_EVERY_MS = 10_000;

export type Progress = { label: string; done: number; total: number };

/** Bars that stay in place on a terminal, and a line now and then in a file or a pipe. */
export class ProgressBars {
  readonly #out: NodeJS.WriteStream;
  #drawn = 0;
  #lastMs = -Infinity;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(bars: readonly Progress[], last = false): void {
    const nowMs = performance.now();
    const isTerminal = this.#out.isTTY;
    if (!isTerminal && !last && nowMs - this.#lastMs < LINE_EVERY_MS) return;
    this.#lastMs = nowMs;
    if (isTerminal && this.#drawn > 0) moveCursor(this.#out, 0, -this.#drawn);
    for (const bar of bars) {
      if (isTerminal) clearLine(this.#out, 0);
      const line = `  ${bar.label.padEnd(9)}${drawBar(bar)}`;
      // A line that wraps would not be drawn over.
      this.#out.write(`${isTerminal ? line.slice(0, this.#out.columns - 1) : line}\n`);
    }
    this.#drawn = bars.length;
  }
}

function drawBar({ done, total }: Progress): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const percent = `${Math.floor(share * 100)} %`.padStart(6);
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}${percent}  ${done.toLocaleString('en-GB')} of ${total.toLocaleString('en-GB')} rows`;
}
