import { WorkbookUpload } from '../workbook/read-workbook.ts';

export type XlsxRows = {
  write: (bytes: Buffer) => Promise<void>;
  end: () => Promise<void>;
  close: () => Promise<void>;
};

/**
 * Rows of a workbook's first visible sheet that has any, as text; see WorkbookUpload, which reads them. `ready` holds reading
 * back while the database is behind.
 */
export function xlsxRows(
  onRow: (cells: string[], line: number) => void,
  ready: () => Promise<void>,
  signal?: AbortSignal,
): XlsxRows {
  let first: string | undefined;
  const workbook = new WorkbookUpload({
    onSheets: (sheets) => sheets.filter(({ visibility }) => visibility === 'visible').map(({ name }) => name),
    onRow: (cells, line, sheet) => {
      first ??= sheet;
      if (sheet === first) onRow(cells, line);
    },
    ready,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    write: (bytes) => workbook.write(bytes),
    end: () => workbook.end(),
    close: () => workbook.close(),
  };
}
