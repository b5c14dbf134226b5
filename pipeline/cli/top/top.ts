import { type Command, Option } from 'commander';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { exactJson } from '../../runtime/json.ts';
import { onStopSignals } from '../../runtime/signals.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { addConfigOptions, type ConfigOptions, durationMs, type GlobalOptions, outputOption } from '../options.ts';
import { addAddress, configuredAddress } from '../process-addresses.ts';
import { colored, type Terminal, writeLine } from '../terminal.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type Scrape, scrape } from './scrape.ts';
import { screenLines, type View } from './screen.ts';
import { enterScreen, type ScreenSession } from './screen-session.ts';
import { ORDER_KEYS, ORDERS, type Order } from './sorting.ts';

const EXAMPLES = `
Examples:
  hypermeter top
  hypermeter top collector-0:9464 pipeline-0:9464 pipeline-1:9464
  hypermeter top -c hypermeter.yaml --once
  hypermeter top --once -o json | jq '.endpoints[] | select(.state != "up")'

It reads /status.json and /metrics of each process' ops.listen, and changes nothing. Keys: q quits; s n a t c v f sort by state,
name, age, time, calls, VMs, failures, the same key again the other way round; arrows and page keys move. Without a terminal a
picture is printed each interval. Rates are over one interval, which --once waits for as well.

Exit codes: 0; ${EXIT.unavailable} no process answers, with --once also if one of several does not.`;

interface TopOptions extends ConfigOptions, GlobalOptions {
  readonly interval: number;
  readonly once?: boolean;
  readonly output: 'table' | 'json';
  readonly sort: Order;
}

const ANSWER_WITHIN_MS = 5000;

export function addTop(program: Command, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('top'))
    .description('show what running processes do: endpoints, pipeline, sinks')
    .argument(
      '[addresses...]',
      'ops.listen of each, host:port (default: of the configuration, else 127.0.0.1:9464)',
      addAddress,
    )
    .option('--interval <duration>', 'time from one picture to the next', durationMs, 2000)
    .option('--once', 'one picture, and end')
    .addOption(outputOption())
    .addOption(new Option('--sort <by>', 'how to sort endpoints').choices([...ORDERS]).default('state'))
    .addHelpText('after', EXAMPLES)
    .action(async (given: readonly URL[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<TopOptions>();
      const bases = given.length > 0 ? given : [await configuredAddress(options, terminal)];
      await watch(bases, options, terminal, clock);
    });
}

async function watch(bases: readonly URL[], options: TopOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const over = new AbortController();
  const stop = () => over.abort();
  const release = onStopSignals(terminal.signals, { stop, exitNow: stop }, clock);
  const look = () => Promise.all(bases.map((base) => scrape(base, clock, ANSWER_WITHIN_MS, over.signal)));
  try {
    let before: readonly Scrape[] = [];
    let now = await look();
    if (!over.signal.aborted && !now.some(isAnswered)) throw silent(now);
    const show = options.once ? null : showing(options, terminal, stop);
    try {
      while (!over.signal.aborted) {
        if (show !== null) await show.figures(figuresOf(now, before, clock.now()));
        await clock.sleep(options.interval, over.signal).catch(() => undefined);
        if (over.signal.aborted) break;
        before = now;
        now = await look();
        if (!options.once) continue;
        await printOnce(figuresOf(now, before, clock.now()), options, terminal);
        if (!now.every(isAnswered)) throw silent(now);
        break;
      }
    } finally {
      show?.end();
    }
  } finally {
    release();
  }
}

const isAnswered = ({ answer }: Scrape): boolean => !('error' in answer);

function silent(scrapes: readonly Scrape[]): CommandFailure {
  const told = scrapes.flatMap(({ process, answer }) => ('error' in answer ? [`${process}: ${answer.error}`] : []));
  const remedy = 'is it running, and is this its ops.listen? hypermeter top HOST:PORT names another';
  return new CommandFailure(EXIT.unavailable, `${told.join('\n')}\n${remedy}`);
}

interface Showing {
  figures(figures: Figures): Promise<void>;
  end(): void;
}

/** Pictures in place on a terminal, else one after the other. */
function showing(options: TopOptions, terminal: Terminal, stop: () => void): Showing {
  const { stdout, stdin } = terminal;
  if (options.output === 'json' || stdout.isTTY !== true || stdin?.isTTY !== true) {
    return { figures: (figures) => printOnce(figures, options, terminal), end: () => undefined };
  }
  let latest: Figures | undefined;
  let view = viewOf(options, terminal);
  const draw = (): void => {
    const { columns = 80, rows = 24 } = stdout;
    view = { ...view, width: columns, height: rows };
    if (latest !== undefined) session.draw(screenLines(latest, view, FOOTER));
  };
  const session: ScreenSession = enterScreen(stdout, stdin, (key) => {
    if (key === 'q' || key === '\u0003') return stop();
    view = afterKey(view, key, latest?.endpoints.length ?? 0);
    draw();
  });
  return {
    figures: async (figures) => {
      latest = figures;
      draw();
    },
    end: () => session.leave(),
  };
}

const FOOTER = 'q quit   sort by: s state  n name  a age  t time  c calls  v VMs  f failures   arrows move';

const viewOf = ({ sort, color }: TopOptions, { stdout, env }: Terminal): View => ({
  order: sort,
  isReversed: false,
  offset: 0,
  width: stdout.columns ?? Number.POSITIVE_INFINITY,
  height: Number.POSITIVE_INFINITY,
  isColored: colored(color, stdout, env),
});

/** The view after a key; one that means nothing changes nothing. `count`: how many endpoints there are. */
export function afterKey(view: View, key: string, count: number): View {
  const order = ORDER_KEYS[key];
  if (order !== undefined) return { ...view, order, isReversed: order === view.order && !view.isReversed, offset: 0 };
  const page = Math.max(1, Math.floor(view.height / 2));
  const moves: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    'page up': -page,
    'page down': page,
    home: -count,
    end: count,
  };
  const offset = Math.max(0, Math.min(count - 1, view.offset + (moves[key] ?? 0)));
  return { ...view, offset };
}

async function printOnce(figures: Figures, options: TopOptions, terminal: Terminal): Promise<void> {
  const { stdout } = terminal;
  if (options.output === 'json') return writeLine(stdout, exactJson(figures));
  const lines = screenLines(figures, viewOf(options, terminal), null);
  await writeLine(stdout, [...lines, ...(options.once ? [] : [''])].join('\n'));
}
