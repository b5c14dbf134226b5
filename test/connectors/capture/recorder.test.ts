import { describe, expect, it } from 'vitest';
import { Product } from '../../../connectors/capture/product.ts';
import { Pseudonyms } from '../../../connectors/capture/pseudonyms.ts';
import { Recorder } from '../../../connectors/capture/recorder.ts';
import { handClock } from '../hand-clock.ts';

function recorded(write?: (name: string) => Promise<void>) {
  const clock = handClock();
  const files = new Map<string, string>();
  const keep = async (name: string, content: string): Promise<void> => {
    await write?.(name);
    files.set(name, content);
  };
  const texts = new Pseudonyms({ keepNames: false, endpoint: 'pool1', users: ['meter'], secrets: ['hunter22'] });
  const recorder = new Recorder({ clock, texts, product: new Product(), write: keep });
  const ask = (path: string, body: string | null = null, origin = 'https://xcp1.example.org') =>
    recorder.tap({ origin, method: body === null ? 'GET' : 'POST', path, body });
  return {
    clock,
    files,
    recorder,
    ask,
    told: (name: string): object => JSON.parse(files.get(`exchanges/${name}`) ?? 'null'),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a recorder', () => {
  it('numbers exchanges as they begin, and tells their times since the first one', async () => {
    const { clock, files, recorder, ask, told } = recorded();
    await clock.advance(1000);
    const first = ask('/jsonrpc', '{"method":"event.from","params":["OpaqueRef:s",["VM"],"",30.1]}');
    await clock.advance(5);
    const second = ask(
      '/rrd_updates?session_id=OpaqueRef%3As&start=-75&cf=AVERAGE&who=me',
      null,
      'https://10.0.0.2:8443',
    );
    second.head(200, JSON_TYPE);
    second.bytes(Buffer.from('{"meta":{"le'));
    second.bytes(Buffer.from('gend":["mine"]}}'));
    await clock.advance(5);
    second.end(true);
    second.end(false);
    // Nobody has answered the first one.
    first.end(false);
    await recorder.finish();
    expect([...files.keys()].sort()).toEqual([
      'exchanges/001-event.from.json',
      'exchanges/001-event.from.request',
      'exchanges/002-rrd_updates.answer',
      'exchanges/002-rrd_updates.json',
    ]);
    expect(told('001-event.from.json')).toMatchObject({ at: 0, status: null, endedAt: null, whole: false, server: 0 });
    expect(told('002-rrd_updates.json')).toEqual({
      call: 'rrd_updates',
      server: 1,
      method: 'GET',
      path: '/rrd_updates?start=-75&cf=AVERAGE',
      at: 5000,
      status: 200,
      contentType: 'application/json',
      withheld: [],
      endedAt: 10_000,
      whole: true,
    });
    expect(files.get('exchanges/002-rrd_updates.answer')).toBe('{"meta":{"legend":["name-1"]}}');
    expect(recorder.servers).toEqual([
      { address: 'name-2', port: 443 },
      { address: '192.0.2.1', port: 8443 },
    ]);
  });

  it('writes no login, and no cookie wherever it stands', async () => {
    const { files, recorder, ask } = recorded();
    const login = ask('/sdk', '<Envelope><Body><Login><password>hunter22</password></Login></Body></Envelope>');
    login.head(200, { 'set-cookie': ['vmware_soap_session="c00k1e-value"; Path=/'] });
    login.end(true);
    const other = ask('/my proxy/sdk', '{"method":"VM.x","params":["a","it is c00k1e-value"]}');
    other.head(500, { 'content-type': 'text/html; c00k1e' });
    other.bytes(Buffer.from('<html>c00k1e-value of meter</html>'));
    await recorder.finish();
    expect([...files.keys()]).toHaveLength(3);
    expect([...files.values()].join('')).not.toMatch(/hunter22|c00k1e-value|my proxy|meter/);
    expect(files.get('exchanges/002-VM.x.request')).toBe('{"method":"VM.x","params":["removed","removed"]}');
    expect(recorder.withheld).toEqual(['exchanges/002-VM.x.answer: neither SOAP, XML-RPC, statistics nor JSON']);
  });

  it('takes no body of more than 64 MiB, and says so', async () => {
    const { files, recorder, ask, told } = recorded();
    const big = ask('/jsonrpc', '{"method":"event.from"}');
    big.head(200, JSON_TYPE);
    for (let n = 0; n < 65; n++) big.bytes(Buffer.alloc(2 ** 20, ' '));
    big.end(true);
    await recorder.finish();
    expect(recorder.withheld).toEqual(['exchanges/001-event.from.answer: longer than 64 MiB, which is not taken']);
    expect(told('001-event.from.json')).toMatchObject({ withheld: ['answer: longer than 64 MiB, which is not taken'] });
    expect(files.has('exchanges/001-event.from.answer')).toBe(false);
  });

  it('tells that the disk is full, when it ends and not to whoever asks', async () => {
    const { recorder, ask } = recorded(() => Promise.reject(new Error('ENOSPC')));
    const one = ask('/jsonrpc', '{"method":"event.from"}');
    one.head(200, JSON_TYPE);
    one.end(true);
    await expect(recorder.finish()).rejects.toThrow('ENOSPC');
  });
});
