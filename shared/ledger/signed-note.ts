import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/**
 * Signed notes as C2SP specifies them (c2sp.org/signed-note), with Ed25519 signatures: a text whose lines all end with a newline, an
 * empty line, and signature lines `— <name> <base64 of key id and signature>`.
 */
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** A name has no spaces and no plus, so that it can stand in a key and in a signature line. */
const KEY_NAME = /^[^\s+]{1,200}$/u;
const SIGNATURE_LINE = /^— ([^\s+]{1,200}) ([A-Za-z0-9+/]{1,400}={0,2})$/u;
const MOST_BYTES = 10_000;
/** What comes before the 32 bytes of a public Ed25519 key in its DER form (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export type NoteSigner = {
  name: string;
  /** `<name>+<key id, hex>+<base64 of 01 and the public key>`: what whoever checks must know. */
  verifierKey: string;
  sign: (text: string) => string;
};

export type NoteVerifier = { name: string; keyId: Buffer; key: KeyObject };

/** A new private Ed25519 key, as `openssl genpkey -algorithm ed25519` writes it. */
export function newCheckpointKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/**
 * @param pem a private Ed25519 key in PKCS #8, as `openssl genpkey -algorithm ed25519` writes it
 * @throws TypeError where the key is of another kind, or the name cannot stand in a note.
 */
export function createSigner(name: string, pem: string): NoteSigner {
  if (!KEY_NAME.test(name)) throw new TypeError('the name of a checkpoint key has no spaces and no plus');
  const privateKey = readPrivateKey(pem);
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const typed = Buffer.concat([Buffer.of(ED25519), der.subarray(SPKI_PREFIX.length)]);
  const keyId = keyIdOf(name, typed);
  return {
    name,
    verifierKey: `${name}+${keyId.toString('hex')}+${typed.toString('base64')}`,
    sign(text) {
      const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]);
      return `${text}\n— ${name} ${signature.toString('base64')}\n`;
    },
  };
}

function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new TypeError('the checkpoint key is no private key in PEM');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the checkpoint key is not an Ed25519 key');
  return key;
}

/** @throws TypeError on anything but an Ed25519 verifier key whose id is that of its name and key. */
export function parseVerifierKey(text: string): NoteVerifier {
  const [name, id, base64, ...rest] = text.trim().slice(0, 1_000).split('+');
  // Base64 may have a plus of its own.
  const typed = Buffer.from([base64, ...rest].join('+'), 'base64');
  if (name === undefined || id === undefined || typed.length !== 1 + KEY_BYTES || typed[0] !== ED25519) {
    throw new TypeError('not a verifier key of the form <name>+<id>+<base64>');
  }
  const keyId = keyIdOf(name, typed);
  if (keyId.toString('hex') !== id) throw new TypeError('the id of the verifier key is not that of its key');
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, typed.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  return { name, keyId, key };
}

/**
 * The text of a note that the verifier's key has signed; other signatures are passed over.
 * @throws TypeError on what is no note, or has no valid signature of that key.
 */
export function openNote(note: string, verifier: NoteVerifier): string {
  const { text, signatures } = splitNote(note);
  const mine = signatures.find(
    ({ name, bytes }) =>
      name === verifier.name &&
      bytes.length === KEY_ID_BYTES + SIGNATURE_BYTES &&
      bytes.subarray(0, KEY_ID_BYTES).equals(verifier.keyId),
  );
  if (mine === undefined) throw new TypeError(`the note has no signature of ${verifier.name}`);
  if (!verify(null, Buffer.from(text), verifier.key, mine.bytes.subarray(KEY_ID_BYTES))) {
    throw new TypeError(`the signature of ${verifier.name} does not hold`);
  }
  return text;
}

/** A note's text and its signatures, which are not checked. Throws a TypeError on what is no note. */
export function splitNote(note: string): { text: string; signatures: { name: string; bytes: Buffer }[] } {
  const end = note.length > MOST_BYTES ? -1 : note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new TypeError('not a signed note');
  const lines = note.slice(end + 2, -1).split('\n');
  const signatures = lines.map((line) => {
    const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
    if (name === undefined || base64 === undefined) throw new TypeError('not a signed note');
    return { name, bytes: Buffer.from(base64, 'base64') };
  });
  return { text: note.slice(0, end + 1), signatures };
}

function keyIdOf(name: string, typedKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(typedKey).digest().subarray(0, KEY_ID_BYTES);
}
