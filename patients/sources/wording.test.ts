import { describe, expect, it } from 'vitest';
import { readSupply, readViralLoad, WORDINGS } from './wording.ts';

describe('wordings', () => {
  it.each([
    ['sex', 'Female', 0],
    ['sex', 'M', 1],
    ['sex', 'unknown', Number.NaN],
    ['whoStage', 'WHO STAGE 4 PEDS', 4],
    ['whoStage', 'Stage II', 2],
    ['whoStage', 'III', 3],
    ['whoStage', 'unstaged', Number.NaN],
    ['regimenLine', '2nd Line', 2],
    ['regimenLine', 'Adult First Line', 1],
    ['regimenLine', 'First line (3TC based)', 1],
    ['regimenLine', 'TDF-3TC-DTG second', 2],
    ['regimenLine', 'ADULT_2ND_LINE', 2],
    ['regimenLine', '1st line, 3 drugs', 1],
    ['regimenLine', 'Salvage', 3],
    ['regimenLine', '2', 2],
    ['regimenLine', '10', Number.NaN],
    ['regimenLine', 'TDF/3TC/DTG', Number.NaN],
    ['regimenLine', 'Other', Number.NaN],
    ['tbSymptoms', 'No signs or symptoms of TB', 0],
    ['tbSymptoms', 'Presumptive TB', 1],
    ['tbSymptoms', 'Currently on TB treatment', 1],
    ['pregnancy', 'Not Pregnant', 0],
    ['pregnancy', 'Pregnant', 1],
    ['pregnancy', 'Breastfeeding', 2],
    ['dsdModel', 'CPARP', 4],
    ['dsdModel', 'Decentralized Drug Delivery', 4],
    ['dsdModel', 'Community Pharmacy', 4],
    ['dsdModel', 'Fast track', 1],
    ['dsdModel', 'Facility ART group', 2],
    ['dsdModel', 'Community ART group', 3],
    ['exit', 'Active', 0],
    ['exit', 'Transferred Out', 2],
    ['exit', 'ART Transfer In', 0],
    ['exit', 'Died (Confirmed)', 1],
  ] as const)('%s: “%s” is %d', (kind, text, code) => {
    expect(WORDINGS[kind](text)).toBe(code);
  });

  it.each([
    ['1,234', 1234],
    ['56 copies/ml', 56],
    ['TND', 0],
    ['Target not detected', 0],
    ['<20', 19],
    ['> 10000000', 10_000_000],
    [' ', Number.NaN],
    ['pending', Number.NaN],
    ['see folder', undefined],
  ])('viral load “%s” is %s', (text, value) => {
    expect(readViralLoad(text)).toBe(value);
  });

  it.each([
    ['90', 90],
    ['90 days', 90],
    ['3 months', 90],
    ['2 weeks', 14],
    ['ninety', undefined],
  ])('supply “%s” is %s days', (text, value) => {
    expect(readSupply(text)).toBe(value);
  });
});
