import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceError } from '#shared/errors/errors.ts';
import { TextBuffer } from './text-buffer.ts';
import { XmlScanner } from './xml-scanner.ts';

const NAMES = ['row', 'c', 'v'];
const R = Buffer.from('r');

function eventsOf(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const text = new TextBuffer(1 << 20);
  const flush = () => {
    if (text.length > 0) events.push(`text ${text.bytes.toString('utf8', 0, text.length)}`);
    text.clear();
  };
  const scanner: XmlScanner = new XmlScanner(NAMES, {
    paused: false,
    open: (name) => {
      flush();
      const at = scanner.find(R)
        ? ` ${scanner.bytes.toString('utf8', scanner.valueStart, scanner.valueEnd)}`
        : '';
      events.push(`open ${NAMES[name]}${at}`);
    },
    close: (name) => {
      flush();
      events.push(`close ${NAMES[name]}`);
    },
    text: (bytes, start, end, literal) => text.add(bytes, start, end, literal),
  });
  for (const piece of pieces) {
    scanner.feed(piece);
    scanner.run();
  }
  scanner.end();
  flush();
  return events;
}

function failureOf(bytes: Buffer): unknown {
  try {
    eventsOf([Buffer.from('<doc>'), bytes]);
  } catch (error) {
    return (error as Error).constructor;
  }
  return undefined;
}

describe('the XML scanner', () => {
  it('reports known elements whatever their prefix, with references, CDATA, comments and quotes resolved', () => {
    const xml = `<?xml version="1.0"?><!-- <row r="9"> --><x:row x:r='1' note="a > b / c"><c r = "A1" /><v>a &amp; &#66;&#x43; &unknown; <![CDATA[<&>]]></v ></x:row>`;
    expect(eventsOf([Buffer.from(xml)])).toEqual([
      'open row 1',
      'open c A1',
      'close c',
      'open v',
      'text a & BC &unknown; <&>',
      'close v',
      'close row',
    ]);
  });

  it('reads the same however the bytes are cut', () => {
    const token = fc.constantFrom(
      '<row r="1">',
      '</row>',
      '<c/>',
      '<v>',
      '</v>',
      'é&lt;',
      '<!--x-->',
      '<![CDATA[<a>]]>',
      "<z q='>'/>",
      ' ',
      '<?p?>',
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 30 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (tokens, cuts) => {
          const bytes = Buffer.from(`<doc>${tokens.join('')}</doc>`);
          const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(eventsOf(pieces)).toEqual(eventsOf([bytes]));
        },
      ),
    );
  });

  it('takes any bytes without an error but its own', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('<>/"\'=!-[]CDATArcv &;#x?')), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 400 }), (bytes) => {
        expect([undefined, ServiceError]).toContain(failureOf(Buffer.from(bytes)));
      }),
    );
  });

  it.each(['<!DOCTYPE x [<!ENTITY a "b">]><x/>', '\u0000<\u0000x'])('refuses %j', (xml) => {
    expect(() => eventsOf([Buffer.from(xml)])).toThrow(ServiceError);
  });
});
