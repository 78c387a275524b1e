/** Something of the audit that is not as it was written. */
export type AuditProblem = {
  kind:
    | 'row_altered'
    | 'row_missing'
    | 'row_inserted'
    | 'input_altered'
    | 'batch_altered'
    | 'batch_missing'
    | 'event_altered'
    | 'event_missing'
    | 'seal_altered'
    | 'seal_missing';
  /** `<job id>/<chunk no>/<row no>`, `<job id>/<chunk no>`, an event's id, a seal's number. */
  ref: string;
  message: string;
};
