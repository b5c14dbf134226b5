import { redactUrls } from '../../runtime/config/redact.ts';

/** A publisher as a sink of ours, or null where there is none like it; and what is to be told about it. */
export interface ImportedPublisher {
  readonly sink: (Readonly<Record<string, unknown>> & { readonly type: string }) | null;
  readonly notes: readonly string[];
}

/** A publisher's URL in parts. */
interface Publisher {
  readonly scheme: string;
  /** With user and password. */
  readonly netloc: string;
  readonly path: string;
  /** Options, taken from here one by one: what is left has no equal. */
  readonly options: Map<string, string>;
  /** Options that are given more than once; the last is the one in `options`. */
  readonly repeated: readonly string[];
}

const SECRET = `\${TELEMETRY_SECRET:-change this for valid signing}`;
const AMQP_URL = `\${AMQP_URL:-amqp://guest:guest@127.0.0.1:5672/}`;

/** Whether a value of a sink is to be taken from the environment. */
export const isVariable = (value: unknown): boolean => value === SECRET || value === AMQP_URL;

const UNSUPPORTED: Readonly<Record<string, string>> = {
  gnocchi: 'write to Gnocchi through a Ceilometer notification agent: a notifier:// publisher there',
  direct: 'write through a Ceilometer notification agent: a notifier:// publisher there',
  database: 'write through a Ceilometer notification agent: a notifier:// publisher there',
  kafka: 'feed a Ceilometer agent, or read the topic of raw statistics',
  zaqar: 'use http:// or notifier://',
  opentelemetryhttp: 'name an OTLP receiver in a sink of your own',
  test: 'use a sink of type stdout',
};

/** What Hypermeter has for the URL of a publisher. The notes hold no password. */
export function importPublisher(url: string): ImportedPublisher {
  const publisher = partsOf(url);
  const { scheme, options } = publisher;
  const importer = Object.hasOwn(IMPORTERS, scheme) ? IMPORTERS[scheme] : undefined;
  if (importer === undefined) {
    const hint = Object.hasOwn(UNSUPPORTED, scheme) ? `; ${UNSUPPORTED[scheme]}` : '';
    return { sink: null, notes: [`${redactUrls(url)}: there is no sink like this publisher; left out${hint}`] };
  }
  const notes = publisher.repeated.map(
    (option) => `${redactUrls(url)}: option ${option} is given more than once; the last is taken`,
  );
  const sink = importer(publisher, (note) => notes.push(`${redactUrls(url)}: ${note}`));
  for (const option of options.keys()) notes.push(`${redactUrls(url)}: option ${option} has no equal; left out`);
  return { sink, notes };
}

/** A publisher for each topic that a notifier names, as it sends to all of them; any other as it is. */
export function publisherPerTopic(url: string): readonly string[] {
  const importer = IMPORTERS[partsOf(url).scheme];
  const [, before = '', query = '', fragment = ''] = /^([^?#]*)\?([^#]*)([\s\S]*)$/.exec(url) ?? [];
  const options = new URLSearchParams(query);
  const topics = new Set(options.getAll('topic').filter((topic) => topic !== ''));
  if (importer !== notifier || topics.size < 2) return [url];
  return [...topics].map((topic) => {
    const own = new URLSearchParams(options);
    own.set('topic', topic);
    return `${before}?${own}${fragment}`;
  });
}

type Importer = (publisher: Publisher, tell: (note: string) => void) => ImportedPublisher['sink'];

const udpOrTcp =
  (type: 'udp' | 'tcp'): Importer =>
  ({ netloc }, tell) => {
    const { host, port } = hostAndPort(netloc);
    if (host === '' || port === null) {
      tell('names no host and port; left out');
      return null;
    }
    // Ceilometer's own default of udp is ours as well.
    return { type, host, ...(port === undefined ? {} : { port }), secret: SECRET };
  };

const notifier: Importer = ({ scheme, netloc, path, options }, tell) => {
  if (scheme !== 'notifier') tell('the casts of old are sent as notifications');
  const driver = take(options, 'driver') ?? 'rabbit';
  if (driver !== 'rabbit') {
    tell(`driver ${driver} is not AMQP; left out`);
    options.clear();
    return null;
  }
  if (netloc === '') tell("the broker is that of ceilometer.conf's transport_url: set AMQP_URL");
  const perMeter = take(options, 'per_meter_topic');
  if (perMeter !== undefined && perMeter !== '0')
    tell('per_meter_topic repeats each sample under an event type of its meter; each is sent once');
  const retry = take(options, 'max_retry');
  if (retry !== undefined) tell(`max_retry=${retry}: a batch is tried until it is delivered`);
  const url = netloc === '' ? AMQP_URL : `amqp://${withPort(netloc)}${path}`;
  return {
    type: 'amqp',
    url,
    format: 'metering',
    secret: SECRET,
    topic: take(options, 'topic') ?? 'metering',
    ...outboxOf(options, tell),
  };
};

/** What `policy` says of samples for which there is no broker. */
function outboxOf(options: Map<string, string>, tell: (note: string) => void): object {
  const policy = take(options, 'policy') ?? 'default';
  const length = take(options, 'max_queue_length');
  if (policy === 'queue') {
    const batches = /^\d+$/.test(length ?? '') ? Number(length) : 1024;
    tell(`max_queue_length=${batches} counts batches; the outbox counts samples: see outbox.samples`);
    return { outbox: { samples: Math.max(100_000, batches), policy: 'drop-oldest' } };
  }
  if (length !== undefined) tell('max_queue_length is for policy=queue alone; left out');
  if (policy === 'drop') {
    tell('policy=drop: what does not fit the smallest of outboxes is dropped, the oldest first');
    return { outbox: { samples: 1, policy: 'drop-oldest' } };
  }
  if (policy !== 'default') tell(`policy=${policy} is unknown, also to Ceilometer; default is taken`);
  return {};
}

const file: Importer = ({ netloc, path, options }, tell) => {
  if (path === '' || netloc !== '') {
    tell(netloc === '' ? 'names no path; left out' : `write file:///${netloc}${path}, with three slashes; left out`);
    return null;
  }
  if (take(options, 'json') === undefined)
    tell('without ?json Ceilometer writes what Python prints; Hypermeter writes JSON lines');
  const [maxBytes, backups] = [take(options, 'max_bytes'), take(options, 'backup_count')];
  // Python's handler without backups lets the file grow.
  if (maxBytes === undefined || backups === undefined || Number(maxBytes) === 0 || Number(backups) === 0) {
    tell(
      'Ceilometer rotates only where max_bytes and backup_count are given and not 0; Hypermeter always does: see maxBytes, backups',
    );
    return { type: 'file', path };
  }
  return { type: 'file', path, maxBytes: Number(maxBytes), backups: Number(backups) };
};

/** These become part of the request in Ceilometer as well, which reads some of them as options. */
const HTTP_OPTIONS = ['timeout', 'max_retries', 'verify_ssl', 'clientcert', 'clientkey', 'raw_only', 'batch'];

const http: Importer = ({ scheme, netloc, path, options }, tell) => {
  const batch = take(options, 'batch');
  const url = new URLSearchParams([...options].filter(([name]) => !HTTP_OPTIONS.includes(name)));
  for (const name of url.keys()) options.delete(name);
  const address = `${scheme}://${withoutUser(netloc, tell)}${path}`;
  const isSingle = batch !== undefined && /^(?:false|0|no|off|f|n)$/i.test(batch);
  return { type: 'http', url: url.size === 0 ? address : `${address}?${url}`, ...(isSingle ? { batch: false } : {}) };
};

const prometheus: Importer = ({ netloc, path }, tell) => {
  tell('Ceilometer pushes to a Pushgateway; Hypermeter writes by remote-write: give the URL of a receiver of that');
  return { type: 'prometheus', url: `http://${withoutUser(netloc, tell)}${path}` };
};

function withoutUser(netloc: string, tell: (note: string) => void): string {
  if (netloc.includes('@')) tell('the user and password of the URL are left out: set them in the sink');
  return netloc.slice(netloc.lastIndexOf('@') + 1);
}

const IMPORTERS: Readonly<Record<string, Importer>> = {
  udp: udpOrTcp('udp'),
  tcp: udpOrTcp('tcp'),
  notifier,
  rpc: notifier,
  meter: notifier,
  meter_publisher: notifier,
  file,
  http,
  https: http,
  prometheus,
};

/** As urlsplit has it; a bare name is the scheme alone, as in the oldest files. */
function partsOf(url: string): Publisher {
  const [, scheme = url, rest = ''] = /^([\w+.-]+):\/\/([\s\S]*)$/.exec(url) ?? [];
  const [, netloc = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(rest) ?? [];
  // `?json` has no value, and counts.
  const given = [...new URLSearchParams(query)];
  const options = new Map(given);
  const repeated = [...options.keys()].filter((name) => given.filter(([each]) => each === name).length > 1);
  return { scheme: scheme.toLowerCase(), netloc, path, options, repeated };
}

function hostAndPort(netloc: string): { readonly host: string; readonly port: number | null | undefined } {
  const [, six, plain, digits] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(netloc.slice(netloc.lastIndexOf('@') + 1)) ?? [];
  const host = six ?? plain ?? '';
  if (digits === undefined) return { host, port: undefined };
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return { host, port: port >= 1 && port <= 65_535 ? port : null };
}

/** Several brokers are separated by commas; 5672 is AMQP's port. */
const withPort = (netloc: string): string =>
  netloc
    .split(',')
    .map((each) => (/:\d+$/.test(each) ? each : `${each}:5672`))
    .join(',');

function take(options: Map<string, string>, name: string): string | undefined {
  const value = options.get(name);
  options.delete(name);
  return value;
}
