import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readCheckpoint, signCheckpoint, splitNotes } from './checkpoint.ts';
import { createSigner, openNote, parseVerifierKey, splitNote } from './signed-note.ts';

const pemOf = (type: 'ed25519' | 'x25519') =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).privateKey
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
const signer = createSigner('iit.example.org/log', pemOf('ed25519'));
const verifier = parseVerifierKey(signer.verifierKey);
const root = Buffer.alloc(32, 7);

/** The example of golang.org/x/mod/sumdb/note, from which C2SP took its form. */
const EXAMPLE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const EXAMPLE_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

test('a note of another program is opened by its key', () => {
  expect(openNote(EXAMPLE, parseVerifierKey(EXAMPLE_KEY))).toBe(
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  );
});

test('a checkpoint says origin, size and root, and is read back by the key that signed it', () => {
  const { note } = signCheckpoint(signer, { size: 42, root });
  expect(note).toMatch(
    /^iit\.example\.org\/log\n42\n[A-Za-z0-9+/]{43}=\n\n— iit\.example\.org\/log [A-Za-z0-9+/]+=*\n$/u,
  );
  expect(readCheckpoint(note, verifier)).toEqual({ origin: 'iit.example.org/log', size: 42, root, note });
});

test('whatever is altered in a checkpoint is refused', () => {
  const { note } = signCheckpoint(signer, { size: 42, root });
  const other = parseVerifierKey(createSigner('iit.example.org/log', pemOf('ed25519')).verifierKey);
  for (const forged of [
    note.replace('\n42\n', '\n43\n'),
    note.replace('Bw', 'CA'),
    note.replace('\n\n', '\n'),
    note.slice(0, -1),
    `${note}x`,
    '',
    '\n\n',
  ]) {
    expect(() => readCheckpoint(forged, verifier)).toThrow(TypeError);
  }
  expect(() => readCheckpoint(note, other)).toThrow('has no signature');
});

test('a note may have the signatures of others beside', () => {
  const { note } = signCheckpoint(signer, { size: 1, root });
  const witness = createSigner('witness', pemOf('ed25519'));
  const both = `${note}${witness.sign(splitNote(note).text).split('\n\n')[1]}`;
  expect(readCheckpoint(both, verifier).size).toBe(1);
  expect(readCheckpoint(both, parseVerifierKey(witness.verifierKey)).size).toBe(1);
});

test('several notes in one file are told apart', () => {
  const notes = [1, 2, 3].map((size) => signCheckpoint(signer, { size, root }).note);
  expect(splitNotes(notes.join(''))).toEqual(notes);
  expect(splitNotes(notes.join('\n'))).toEqual(notes);
});

test.each([
  ['of another kind', pemOf('x25519')],
  ['that is none', 'no key'],
])('a key %s is refused', (_, pem) => {
  expect(() => createSigner('name', pem)).toThrow(TypeError);
});

test('a name that cannot stand in a note, and a verifier key that does not fit itself, are refused', () => {
  expect(() => createSigner('a name', pemOf('ed25519'))).toThrow(TypeError);
  expect(() => parseVerifierKey(EXAMPLE_KEY.replace('c74f20a3', 'c74f20a4'))).toThrow('not that of its key');
  expect(() => parseVerifierKey('PeterNeumann')).toThrow(TypeError);
});
