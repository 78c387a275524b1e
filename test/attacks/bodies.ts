import { gzipSync } from 'node:zlib';

/** The smallest NMRS message that is scored, of a patient of this id. */
export function nmrsMessage(patientUuid: unknown): Record<string, unknown> {
  const today = new Date();
  const day = (back: number) => new Date(today.getTime() - back * 86_400_000).toISOString().slice(0, 10);
  const dispensed = (encounterUuid: string, back: number, days: number) => ({
    encounter: { encounterUuid, encounterDatetime: day(back), pmmForm: 'Pharmacy Order Form' },
    obs: {
      variableName: 'Medication duration',
      encounterUuid,
      obsDatetime: day(back),
      valueNumeric: days,
    },
  });
  const seen = [dispensed('e1', 20, 30), dispensed('e0', 110, 90)];
  return {
    messageHeader: { facilityDatimCode: 'F1' },
    messageData: {
      demographics: { patientUuid, birthdate: '1990-01-01', gender: 'F' },
      visits: [{ dateStarted: day(20) }],
      encounters: seen.map(({ encounter }) => encounter),
      obs: [
        ...seen.map(({ obs }) => obs),
        { variableName: 'ART start date', obsDatetime: day(900), valueText: day(900) },
      ],
    },
  };
}

/** A workbook of one sheet as a zip without compression tools: stored or deflated parts. */
function zipOf(parts: Readonly<Record<string, Buffer>>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(parts)) {
    // A gzip stream is a deflate stream between a header of 10 bytes and a trailer of 8, which begins with the CRC.
    const gzip = gzipSync(content, { level: 9 });
    const deflated = gzip.subarray(10, -8);
    const crc = gzip.readUInt32LE(gzip.length - 8);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc, 10);
    fields.writeUInt32LE(deflated.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const head = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, Buffer.from(name)]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), fields, entry, Buffer.from(name)]),
    );
    local.push(head, deflated);
    offset += head.length + deflated.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\u0005\u0006'), end]);
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships';

/** A workbook whose only sheet has this body, and these shared strings. */
export function workbook(sheetData: Buffer, strings: Buffer): Buffer {
  const text = (body: string) => Buffer.from(`<?xml version="1.0"?>${body}`);
  return zipOf({
    '[Content_Types].xml': text(
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
    ),
    '_rels/.rels': text(
      `<Relationships xmlns="${PACKAGE}"><Relationship Id="rId1" Type="${REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': text(
      `<workbook xmlns="${MAIN}" xmlns:r="${REL}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': text(
      `<Relationships xmlns="${PACKAGE}"><Relationship Id="rId1" Type="${REL}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    ),
    'xl/sharedStrings.xml': Buffer.concat([
      text(`<sst xmlns="${MAIN}" count="1" uniqueCount="1">`),
      strings,
      Buffer.from('</sst>'),
    ]),
    'xl/worksheets/sheet1.xml': Buffer.concat([
      text(`<worksheet xmlns="${MAIN}"><sheetData>`),
      sheetData,
      Buffer.from('</sheetData></worksheet>'),
    ]),
  });
}
