import { tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';
import { type NumberText, numberText, plainNumber } from './number-text.ts';
import { attribute, readXml } from './small-part.ts';

const NAMES = ['numFmts', 'numFmt', 'cellXfs', 'xf'] as const;
const [NUM_FMTS, NUM_FMT, CELL_XFS, XF] = [0, 1, 2, 3] as const;

/** How each style of a workbook shows numbers; undefined: as General does. */
export class CellStyles {
  readonly #styles: readonly (NumberText | undefined)[];

  private constructor(styles: readonly (NumberText | undefined)[]) {
    this.#styles = styles;
  }

  static none(): CellStyles {
    return new CellStyles([]);
  }

  static async read(
    part: AsyncIterable<Buffer>,
    uses1904: boolean,
    limits: WorkbookLimits,
  ): Promise<CellStyles> {
    const codes = new Map<number, string>();
    const ids: number[] = [];
    const within = [false, false, false, false];
    await readXml(part, NAMES, {
      open: (name, scanner) => {
        within[name] = true;
        if (codes.size > limits.styles || ids.length > limits.styles)
          throw tooLarge(`has more than ${limits.styles} cell styles`);
        const id = Number(attribute(scanner, 'numFmtId') ?? 0);
        if (name === NUM_FMT && within[NUM_FMTS] === true)
          codes.set(id, attribute(scanner, 'formatCode') ?? 'General');
        else if (name === XF && within[CELL_XFS] === true) ids.push(id);
      },
      close: (name) => {
        within[name] = false;
      },
    });
    const shared = new Map<number, NumberText>();
    return new CellStyles(
      ids.map((id) => {
        const known = shared.get(id) ?? numberText(id, codes.get(id), uses1904);
        shared.set(id, known);
        return known === plainNumber ? undefined : known;
      }),
    );
  }

  textOf(style: number): NumberText | undefined {
    return this.#styles[style];
  }
}
