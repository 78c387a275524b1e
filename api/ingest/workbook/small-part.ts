import { type XmlHandler, XmlScanner } from './xml-scanner.ts';
import { TextBuffer } from './text-buffer.ts';

const MOST_ATTRIBUTE_BYTES = 64 * 1024;
const names = new Map<string, Buffer>();

/** Reads a part that is known by its tags and attributes. */
export async function readXml(
  part: AsyncIterable<Buffer>,
  elements: readonly string[],
  handler: Pick<XmlHandler, 'open' | 'close'>,
): Promise<void> {
  const scanner = new XmlScanner(elements, { ...handler, text: () => undefined, paused: false });
  for await (const piece of part) {
    scanner.feed(piece);
    scanner.run();
  }
  scanner.end();
}

/** An attribute of the tag just opened, by its name without prefix. */
export function attribute(scanner: XmlScanner, name: string): string | undefined {
  const word = names.get(name) ?? Buffer.from(name);
  names.set(name, word);
  if (!scanner.find(word)) return undefined;
  const text = new TextBuffer(MOST_ATTRIBUTE_BYTES);
  text.add(scanner.bytes, scanner.valueStart, scanner.valueEnd, false);
  return text.bytes.toString('utf8', 0, text.length);
}
