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
    | 'batch_inserted'
    | 'event_missing'
    | 'seal_altered'
    | 'seal_missing'
    | 'entry_missing'
    | 'entry_inserted'
    | 'checkpoint_altered'
    | 'log_altered'
    | 'log_cut';
  /**
   * `<job id>/<chunk no>/<row no>`, `<job id>/<chunk no>`, an event's id, a seal's number, an entry's number, a checkpoint's size.
   */
  ref: string;
  message: string;
};
