import type { Overview, Problem } from './model.ts';

/** Everything of a look that somebody should see to, errors first; the fleet is told of by the verdict. */
export function problemsOf(look: Omit<Overview, 'verdict' | 'problems' | 'trend'>): readonly Problem[] {
  const found = [...kafkaProblems(look), ...stateProblems(look), ...sinkProblems(look)];
  const isError = ({ severity }: Problem): boolean => severity === 'error';
  return [...found.filter(isError), ...found.filter((problem) => !isError(problem))];
}

type Look = Parameters<typeof problemsOf>[0];

function kafkaProblems({ kafka, spool }: Look): readonly Problem[] {
  const problems: Problem[] = [];
  if (kafka?.isNow) problems.push({ severity: 'error', text: `Kafka: ${kafka.message}`, view: 'pipeline' });
  if (spool === null) return problems;
  const { slices, oldestAgeSeconds, dropped, lastError } = spool;
  if (slices > 0)
    problems.push({
      severity: 'warning',
      text: `${number(slices)} slices wait in the spool, the oldest for ${number(oldestAgeSeconds)} s`,
      view: 'pipeline',
    });
  if (dropped > 0)
    problems.push({
      severity: 'error',
      text: `${number(dropped)} slices were dropped from the spool`,
      view: 'pipeline',
    });
  if (lastError !== null) problems.push({ severity: 'error', text: `Spool: ${lastError}`, view: 'pipeline' });
  return problems;
}

function stateProblems({ store, pipeline }: Look): readonly Problem[] {
  const problems: Problem[] = [];
  if (store.isAway)
    problems.push({ severity: 'error', text: `State store: ${store.message ?? 'away'}`, view: 'pipeline' });
  if (pipeline === null) return problems;
  const { residual, deadLetters, partitions } = pipeline;
  if (residual !== null && residual !== '0')
    problems.push({
      severity: 'error',
      text: `Conservation residual is ${residual}: it must be 0`,
      view: 'pipeline',
    });
  const behind = partitions.filter(({ isBehind }) => isBehind);
  if (behind.length > 0)
    problems.push({
      severity: 'warning',
      text: `The watermark of ${number(behind.length)} of ${number(partitions.length)} partitions is behind: windows close late`,
      view: 'pipeline',
    });
  const letters = deadLetters.reduce((sum, { count }) => sum + count, 0);
  if (letters > 0)
    problems.push({
      severity: 'warning',
      text: `${number(letters)} raw ${letters === 1 ? 'message' : 'messages'} could not be read`,
      view: 'pipeline',
    });
  return problems;
}

const sinkProblems = ({ sinks }: Look): readonly Problem[] =>
  sinks.flatMap(({ name, state, error, dropped, inFlight }): readonly Problem[] => {
    const lost = dropped.reduce((sum, { count }) => sum + count, 0);
    const waits = inFlight > 0 ? `; ${number(inFlight)} samples wait` : '';
    return [
      ...(state === 'failing'
        ? [{ severity: 'error', text: `Sink ${error ?? name}${waits}`, view: 'sinks' } as const]
        : []),
      ...(lost > 0
        ? [{ severity: 'warning', text: `Sink ${name}: ${number(lost)} samples left out`, view: 'sinks' } as const]
        : []),
    ];
  });

const number = (value: number): string => value.toLocaleString('en');
