import type { Connection, PoolClient, Submittable } from 'pg';

/** Parts of pg's connection that its own copy support uses; pg-copy-streams rests on them too. */
type CopyConnection = Connection & {
  sendCopyFromChunk: (chunk: Buffer) => void;
  endCopyFrom: () => void;
};

/**
 * A query of several statements, the first of them `COPY … FROM STDIN`, sent together with all of its data: one round
 * trip, and one implicit transaction. PostgreSQL reads the data after the statement; where the statement fails, it skips
 * them (its manual, "Message Flow", COPY Operations). Resolves with the rows of text that later statements return.
 */
export async function copyOnce(client: PoolClient, text: string, data: Buffer): Promise<string[][]> {
  return await new Promise((resolve, reject) => {
    client.query(new CopyOnce(text, data, resolve, reject));
  });
}

class CopyOnce implements Submittable {
  readonly #text: string;
  readonly #data: Buffer;
  readonly #resolve: (rows: string[][]) => void;
  readonly #reject: (error: Error) => void;
  readonly #rows: string[][] = [];

  constructor(
    text: string,
    data: Buffer,
    resolve: (rows: string[][]) => void,
    reject: (error: Error) => void,
  ) {
    this.#text = text;
    this.#data = data;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    const copy = connection as CopyConnection;
    copy.stream.cork();
    copy.query(this.#text);
    copy.sendCopyFromChunk(this.#data);
    copy.endCopyFrom();
    copy.stream.uncork();
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#rows.push(fields.map((field) => field ?? ''));
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  /** Where pg hangs its own time limit on; PostgreSQL's statement_timeout ends a query here. */
  callback(): void {}
}
