/** Why the engine refused: stable, for programs to branch on. */
export type EngineErrorCode =
  | 'not_a_model'
  | 'unsupported_version'
  | 'unsupported_objective'
  | 'unsupported_split'
  | 'unsupported_output_count'
  | 'missing_field'
  | 'malformed_line'
  | 'malformed_number'
  | 'wrong_length'
  | 'out_of_range'
  | 'malformed_tree'
  | 'truncated'
  | 'limit_exceeded'
  | 'non_finite_leaf'
  | 'contributions_unavailable'
  | 'invalid_argument'
  | 'out_of_memory'
  | 'image_invalid'
  | 'no_shared_memory';

/** A model that cannot be scored, or a call that cannot be answered. `line` is 1-based in the model text. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly line: number | undefined;

  constructor(code: EngineErrorCode, message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`);
    this.name = 'EngineError';
    this.code = code;
    this.line = line;
  }
}
