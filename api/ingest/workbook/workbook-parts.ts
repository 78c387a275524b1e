import { damaged, notAWorkbook, tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';
import { attribute, readXml } from './small-part.ts';
import type { ZipArchive } from './zip-archive.ts';

export type SheetVisibility = 'visible' | 'hidden' | 'very_hidden';

export type WorkbookSheet = {
  name: string;
  visibility: SheetVisibility;
  /** A chart or a dialogue takes a tab, too, and holds no cells. */
  hasCells: boolean;
};

export type WorkbookParts = {
  sheets: (WorkbookSheet & { part: string })[];
  sharedStrings: string | undefined;
  styles: string | undefined;
  uses1904: boolean;
  /** Its writer left formulas to be calculated when it is opened: a stored 0 is no result. */
  isUncalculated: boolean;
};

type Relationship = { id: string; type: string; target: string };

const PACKAGE_RELATIONSHIPS = '_rels/.rels';
const USUAL_WORKBOOK = 'xl/workbook.xml';
const WORKBOOK_ELEMENTS = ['sheet', 'workbookPr', 'calcPr'] as const;

/**
 * What the workbook consists of. Relationships are known by the last word of their type, which the transitional and the
 * strict form of ECMA-376 share. Throws `invalid_body` for an archive that is something else, by its name.
 */
export async function findParts(zip: ZipArchive, limits: WorkbookLimits): Promise<WorkbookParts> {
  const workbook = await workbookPart(zip, limits);
  const relationships = await relationshipsOf(zip, workbook, limits);
  const target = (type: string) => relationships.find((one) => one.type === type)?.target;
  const parts: WorkbookParts = {
    sheets: [],
    sharedStrings: target('sharedStrings'),
    styles: target('styles'),
    uses1904: false,
    isUncalculated: false,
  };
  const byId = new Map(relationships.map((one) => [one.id, one]));
  await readXml(zip.part(workbook, limits.descriptionBytes, 'the workbook part'), WORKBOOK_ELEMENTS, {
    open: (name, scanner) => {
      if (name === 1) parts.uses1904 = isOn(attribute(scanner, 'date1904'));
      else if (name === 2) parts.isUncalculated = isOn(attribute(scanner, 'fullCalcOnLoad'));
      else {
        const relationship = byId.get(attribute(scanner, 'id') ?? '');
        if (relationship === undefined) throw damaged('it names a sheet that it does not hold');
        if (parts.sheets.length >= limits.sheets) throw tooLarge(`has more than ${limits.sheets} sheets`);
        parts.sheets.push({
          name: attribute(scanner, 'name') ?? '',
          visibility: visibilityOf(attribute(scanner, 'state')),
          hasCells: relationship.type === 'worksheet',
          part: relationship.target,
        });
      }
    },
    close: () => undefined,
  });
  if (parts.sheets.length === 0) throw damaged('it has no sheet');
  return parts;
}

async function workbookPart(zip: ZipArchive, limits: WorkbookLimits): Promise<string> {
  const main = zip.has(PACKAGE_RELATIONSHIPS)
    ? (await relationshipsOf(zip, '', limits)).find(({ type }) => type === 'officeDocument')?.target
    : USUAL_WORKBOOK;
  if (main !== undefined && zip.has(main)) {
    if (main.endsWith('.bin')) throw notAWorkbook('The body is a binary workbook (.xlsb).');
    if (/(^|\/)(document|presentation)\d*\.xml$/i.test(main))
      throw notAWorkbook('The body is a text document or a presentation, no workbook.');
    return main;
  }
  if (zip.has('content.xml')) throw notAWorkbook('The body is an OpenDocument file (.ods).');
  if (zip.has('xl/workbook.bin')) throw notAWorkbook('The body is a binary workbook (.xlsb).');
  throw notAWorkbook('The body is a ZIP archive that holds no workbook.');
}

async function relationshipsOf(
  zip: ZipArchive,
  part: string,
  limits: WorkbookLimits,
): Promise<Relationship[]> {
  const slash = part.lastIndexOf('/') + 1;
  const path = `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
  if (!zip.has(path)) throw damaged('it does not say where its parts are');
  const found: Relationship[] = [];
  await readXml(zip.part(path, limits.descriptionBytes, 'the relationships'), ['Relationship'], {
    open: (_, scanner) => {
      if (attribute(scanner, 'TargetMode') === 'External') return;
      const type = attribute(scanner, 'Type') ?? '';
      found.push({
        id: attribute(scanner, 'Id') ?? '',
        type: type.slice(type.lastIndexOf('/') + 1),
        target: resolve(part.slice(0, slash), attribute(scanner, 'Target') ?? ''),
      });
    },
    close: () => undefined,
  });
  return found;
}

/** A part's name from a target that is relative to a folder (ending in `/`, or empty) or absolute. */
function resolve(folder: string, target: string): string {
  const steps = target.startsWith('/') ? [] : folder.split('/').slice(0, -1);
  for (const step of target.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return steps.join('/');
}

function visibilityOf(state: string | undefined): SheetVisibility {
  if (state === 'veryHidden') return 'very_hidden';
  return state === 'hidden' ? 'hidden' : 'visible';
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
