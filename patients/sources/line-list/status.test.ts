import { describe, expect, it } from 'vitest';
import { readStatus, STATUSES } from './status.ts';

describe('a status', () => {
  it.each([
    ['Active', 'in_care'],
    ['ACTIVE RESTART', 'in_care'],
    ['Not dead - traced and returned', 'in_care'],
    ['Active-Transfer-In', 'transferred_in'],
    ['ART Transfer In', 'transferred_in'],
    ['Pre-ART Transfer In', 'transferred_in'],
    ['TI', 'transferred_in'],
    ['IIT', 'interrupted'],
    ['Interruption in treatment', 'interrupted'],
    ['InActive', 'interrupted'],
    ['LTFU', 'interrupted'],
    ['Lost to Follow-Up', 'interrupted'],
    ['Defaulter', 'interrupted'],
    ['Died (Confirmed)', 'died'],
    ['KNOWN_DEATH', 'died'],
    ['Deceased', 'died'],
    ['Transferred Out', 'transferred_out'],
    ['ART_TRANSFER_OUT', 'transferred_out'],
    ['Transferred to another facility', 'transferred_out'],
    ['T/O', 'transferred_out'],
    ['to', 'transferred_out'],
    ['Stopped Treatment', 'stopped'],
    ['Discontinued care', 'stopped'],
    ['INVALID - Duplicates', 'duplicate'],
    ['Duplicate record', 'duplicate'],
    ['Invalid - Biometrics', 'invalid'],
    ['', 'unknown'],
    ['Not known', 'unknown'],
    ['Tomato', 'unknown'],
  ])('“%s” is %s', (text, status) => {
    expect(STATUSES[readStatus(text)]).toBe(status);
  });
});
