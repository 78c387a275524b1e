import { HASH_BYTES } from '#shared/audit/merkle-tree.ts';
import { type NoteSigner, type NoteVerifier, openNote, splitNote } from './signed-note.ts';

/** What the log was at some time: how many entries, and the root over them. */
export type TreeHead = { size: number; root: Buffer };
export type Checkpoint = TreeHead & { origin: string; note: string };

/** Signs a tree head as C2SP specifies it (c2sp.org/tlog-checkpoint): origin, size, root in base64, a line each. */
export function signCheckpoint(signer: NoteSigner, { size, root }: TreeHead): Checkpoint {
  const note = signer.sign(`${signer.name}\n${size}\n${root.toString('base64')}\n`);
  return { origin: signer.name, size, root, note };
}

/**
 * @param verifier whose signature must hold; undefined: any, and it is not checked
 * @throws TypeError on what is no checkpoint, or is not signed by that key.
 */
export function readCheckpoint(note: string, verifier: NoteVerifier | undefined): Checkpoint {
  const text = verifier === undefined ? splitNote(note).text : openNote(note, verifier);
  const [origin = '', size = '', root = ''] = text.split('\n');
  const hash = Buffer.from(root, 'base64');
  if (origin === '' || !/^(?:0|[1-9]\d{0,15})$/u.test(size) || hash.length !== HASH_BYTES) {
    throw new TypeError('not a checkpoint');
  }
  return { origin, size: Number(size), root: hash, note };
}

/** Several notes one after the other, as the file sink keeps them and `cat` makes them. */
export function splitNotes(text: string): string[] {
  const notes: string[] = [];
  let lines: string[] = [];
  let signed = false;
  for (const line of text.split('\n')) {
    if (signed && !line.startsWith('— ')) {
      notes.push(`${lines.join('\n')}\n`);
      lines = [];
      signed = false;
    }
    if (lines.length === 0 && line === '') continue;
    lines.push(line);
    signed ||= line.startsWith('— ');
  }
  if (lines.length > 0) notes.push(`${lines.join('\n')}\n`);
  return notes;
}
