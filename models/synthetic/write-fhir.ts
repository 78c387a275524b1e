import { isoDate } from '#patients/record/epoch-day.ts';
import type { Cohort } from './cohort.ts';
import { FhirResources } from './fhir-resources.ts';
import { writeForms } from './patient-forms.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * Writes patients as FHIR R4, one resource a line (Bulk Data NDJSON): the same forms as their NMRS messages have. The
 * Organization of a facility comes before its first patient.
 */
export class FhirWriter {
  readonly #organizations = new Set<string>();

  write(cohort: Cohort, out: RowWriter): void {
    const { record, person } = cohort;
    const { facility } = person;
    if (!this.#organizations.has(facility.id)) {
      this.#organizations.add(facility.id);
      out.text(
        line({
          resourceType: 'Organization',
          id: facility.id,
          name: facility.name,
          address: [{ state: facility.state, district: facility.lga }],
        }),
      );
    }
    out.text(
      line({
        resourceType: 'Patient',
        id: record.patientId,
        meta: { tag: [{ display: 'SYNTHETIC: this person does not exist' }] },
        gender: record.sex === 1 ? 'male' : 'female',
        ...(Number.isNaN(record.birthDay) ? {} : { birthDate: isoDate(record.birthDay) }),
        address: [{ state: person.homeState }],
        ...(person.phone === '' ? {} : { telecom: [{ system: 'phone', value: person.phone }] }),
        managingOrganization: { reference: `Organization/${facility.id}` },
      }),
    );
    const resources = new FhirResources(record.patientId);
    writeForms(cohort, resources);
    out.text(resources.lines());
  }
}

function line(resource: object): string {
  return `${JSON.stringify(resource)}\n`;
}
