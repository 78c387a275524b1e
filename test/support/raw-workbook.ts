import { constants, crc32, deflateRawSync } from 'node:zlib';

export type RawPart = {
  name: string;
  data: Buffer | string;
  /** Packed already; `data` is then ignored, and `bytes` and `crc` are what the archive declares. */
  packed?: { deflated: Buffer; bytes: number; crc?: number };
  stored?: boolean;
  /** Sizes and checksum behind the data only, as streaming writers do. */
  descriptor?: boolean;
  zip64?: boolean;
  encrypted?: boolean;
};

/** A ZIP archive made by hand, for what no writer makes. */
export function zipOf(parts: readonly RawPart[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const data = Buffer.from(part.data);
    const packed = part.packed?.deflated ?? (part.stored === true ? data : deflateRawSync(data));
    const crc = part.packed === undefined ? crc32(data) : (part.packed.crc ?? 0);
    const bytes = part.packed?.bytes ?? data.length;
    const name = Buffer.from(part.name);
    const flags = (part.descriptor === true ? 8 : 0) | (part.encrypted === true ? 1 : 0);
    const method = part.stored === true ? 0 : 8;
    const known = part.descriptor !== true;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(known ? crc : 0, 14);
    local.writeUInt32LE(known ? packed.length : 0, 18);
    local.writeUInt32LE(known ? bytes : 0, 22);
    local.writeUInt16LE(name.length, 26);
    const descriptor = Buffer.alloc(known ? 0 : 16);
    if (!known) {
      descriptor.writeUInt32LE(0x08074b50, 0);
      descriptor.writeUInt32LE(crc, 4);
      descriptor.writeUInt32LE(packed.length, 8);
      descriptor.writeUInt32LE(bytes, 12);
    }
    files.push(local, name, packed, descriptor);
    const extra = Buffer.alloc(part.zip64 === true ? 28 : 0);
    if (part.zip64 === true) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(bytes), 4);
      extra.writeBigUInt64LE(BigInt(packed.length), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(part.zip64 === true ? 0xffffffff : packed.length, 20);
    central.writeUInt32LE(part.zip64 === true ? 0xffffffff : bytes, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(part.zip64 === true ? 0xffffffff : offset, 42);
    directory.push(central, name, extra);
    offset += local.length + name.length + packed.length + descriptor.length;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const is64 = parts.some(({ zip64 }) => zip64 === true);
  const tail64 = Buffer.alloc(is64 ? 76 : 0);
  if (is64) {
    tail64.writeUInt32LE(0x06064b50, 0);
    tail64.writeBigUInt64LE(44n, 4);
    tail64.writeBigUInt64LE(BigInt(parts.length), 24);
    tail64.writeBigUInt64LE(BigInt(parts.length), 32);
    tail64.writeBigUInt64LE(BigInt(directoryBytes), 40);
    tail64.writeBigUInt64LE(BigInt(offset), 48);
    tail64.writeUInt32LE(0x07064b50, 56);
    tail64.writeBigUInt64LE(BigInt(offset + directoryBytes), 64);
    tail64.writeUInt32LE(1, 72);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(is64 ? 0xffff : parts.length, 8);
  end.writeUInt16LE(is64 ? 0xffff : parts.length, 10);
  end.writeUInt32LE(is64 ? 0xffffffff : directoryBytes, 12);
  end.writeUInt32LE(is64 ? 0xffffffff : offset, 16);
  return Buffer.concat([...files, ...directory, tail64, end]);
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

export type RawSheet = {
  name?: string;
  state?: string;
  xml: string | Buffer | RawPart['packed'];
  type?: string;
};

export type RawWorkbook = {
  sheets: readonly RawSheet[];
  /** Inside `<sst>`; it stands behind the sheets, as Excel writes it. */
  strings?: string;
  /** All of that part, packed already. */
  packedStrings?: RawPart['packed'];
  /** Inside `<styleSheet>`. */
  styles?: string;
  /** Inside `<workbook>`, before the sheets. */
  properties?: string;
  relations?: string;
  each?: Partial<RawPart>;
};

/** A workbook from the XML inside its parts: `xml` of a sheet is all of it, or what stands inside `<worksheet>`. */
export function workbookOf(book: RawWorkbook): Buffer {
  const relations = book.relations ?? RELATIONS;
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${relations}/${type}" Target="${target}"/>`;
  const sheets = book.sheets.map(
    ({ name, state }, index) =>
      `<sheet name="${name ?? `Sheet${index + 1}`}" sheetId="${index + 1}"${state === undefined ? '' : ` state="${state}"`} r:id="rId${index + 1}"/>`,
  );
  const parts: RawPart[] = [
    { name: '[Content_Types].xml', data: `${HEAD}<Types/>` },
    {
      name: '_rels/.rels',
      data: `${HEAD}<Relationships xmlns="${PACKAGE}">${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    },
    {
      name: 'xl/workbook.xml',
      data: `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${relations}">${book.properties ?? ''}<sheets>${sheets.join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: `${HEAD}<Relationships xmlns="${PACKAGE}">${book.sheets
        .map(({ type }, index) =>
          relation(`rId${index + 1}`, type ?? 'worksheet', `worksheets/sheet${index + 1}.xml`),
        )
        .join(
          '',
        )}${relation('rIdS', 'sharedStrings', '/xl/sharedStrings.xml')}${relation('rIdY', 'styles', 'styles.xml')}</Relationships>`,
    },
    ...book.sheets.map(({ xml }, index): RawPart => {
      const name = `xl/worksheets/sheet${index + 1}.xml`;
      if (Buffer.isBuffer(xml)) return { name, data: xml };
      if (typeof xml !== 'string') return { name, data: '', ...(xml === undefined ? {} : { packed: xml }) };
      return {
        name,
        data: xml.startsWith('<?xml') ? xml : `${HEAD}<worksheet xmlns="${MAIN}">${xml}</worksheet>`,
      };
    }),
  ];
  if (book.styles !== undefined)
    parts.push({
      name: 'xl/styles.xml',
      data: `${HEAD}<styleSheet xmlns="${MAIN}">${book.styles}</styleSheet>`,
    });
  if (book.strings !== undefined)
    parts.push({ name: 'xl/sharedStrings.xml', data: `${HEAD}<sst xmlns="${MAIN}">${book.strings}</sst>` });
  if (book.packedStrings !== undefined)
    parts.push({ name: 'xl/sharedStrings.xml', data: '', packed: book.packedStrings });
  return zipOf(parts.map((part) => ({ ...part, ...book.each })));
}

/** `before`, then `block` as often as needed for so many bytes, then `after`, deflated at the price of one block. */
export function repeatedPart(
  before: string,
  block: Buffer,
  times: number,
  after: string,
): { deflated: Buffer; bytes: number; crc: number } {
  const flushed = (data: Buffer | string) => deflateRawSync(data, { finishFlush: constants.Z_FULL_FLUSH });
  const one = flushed(block);
  const deflated = Buffer.concat([
    flushed(before),
    ...Array.from({ length: times }, () => one),
    deflateRawSync(after),
  ]);
  let crc = crc32(before);
  for (let index = 0; index < times; index++) crc = crc32(block, crc);
  return {
    deflated,
    bytes: Buffer.byteLength(before) + block.length * times + Buffer.byteLength(after),
    crc: crc32(after, crc),
  };
}
