/** What a suite showed, as the few words and numbers of a card. Anything unknown or broken is no card. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { components } from './wire';

type Trans = ReturnType<IRenderMime.ITranslator['load']>;

/** What a card says: a title with its state, rows of numbers, or how far something is. */
export interface Card {
  readonly tone: 'good' | 'bad' | 'info' | 'busy';
  readonly word: string;
  readonly title: string;
  readonly head?: readonly string[];
  readonly rows?: readonly (readonly string[])[];
  readonly progress?: { readonly done: number; readonly total: number };
}

interface Side {
  readonly predictions: readonly unknown[];
  readonly latency_seconds: readonly (number | null)[];
  readonly states: readonly string[];
}

interface Evaluation {
  readonly name: string;
  readonly task: string;
  readonly ids: readonly string[];
  readonly truth: readonly unknown[];
  readonly candidate: Side;
  readonly baseline: Side | null;
}

interface Metric {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly family: components['schemas']['Family'];
  readonly n: number | null;
  readonly missing_because: string | null;
}

const NOTHING = '\u2014';

/** Return the card of a record, or null where this is no record of a version we know. */
export function cardOf(record: unknown, trans: Trans): Card | null {
  if (typeof record !== 'object' || record === null || !('kind' in record)) {
    return null;
  }
  try {
    return cards(record, trans);
  } catch {
    return null;
  }
}

function cards(record: Record<string, unknown>, trans: Trans): Card | null {
  if (record.schema_version !== 1) {
    return null;
  }
  switch (record.kind) {
    case 'check':
      return checkCard(record, trans);
    case 'metric':
      return metricCard(record as unknown as Metric, trans);
    case 'progress':
      return progressCard(Number(record.done), Number(record.total), trans);
    case 'evaluation':
      return evaluationCard(record as unknown as Evaluation, trans);
    default:
      return null;
  }
}

function checkCard(record: Record<string, unknown>, trans: Trans): Card {
  const passed = record.passed === true;
  return {
    tone: passed ? 'good' : 'bad',
    word: passed ? trans.__('passed') : trans.__('failed'),
    title: String(record.title)
  };
}

function metricCard(metric: Metric, trans: Trans): Card {
  if (metric.value === null) {
    return { tone: 'bad', word: NOTHING, title: `${metric.name}: ${metric.missing_because ?? ''}` };
  }
  const samples =
    metric.n === null ? '' : trans._n(' from %1 sample', ' from %1 samples', metric.n);
  return { tone: 'info', word: number(metric.value, metric.unit), title: metric.name + samples };
}

function progressCard(done: number, total: number, trans: Trans): Card {
  return {
    tone: 'busy',
    word: trans.__('evaluating'),
    title: trans.__('%1 of %2 examples', done, total),
    progress: { done, total }
  };
}

function evaluationCard(evaluation: Evaluation, trans: Trans): Card {
  const { candidate, baseline, ids } = evaluation;
  const sides = baseline ? [candidate, baseline] : [candidate];
  const failed = candidate.states.filter(state => state !== 'answered').length;
  const row = (name: string, value: (side: Side) => string): string[] => [
    name,
    ...sides.map(value)
  ];
  const regression = evaluation.task === 'regression';
  return {
    tone: failed ? 'bad' : 'good',
    word: failed ? trans._n('%1 failed', '%1 failed', failed) : trans.__('answered'),
    title: trans._n('%2: %1 example', '%2: %1 examples', ids.length, evaluation.name),
    head: ['', trans.__('candidate'), ...(baseline ? [trans.__('baseline')] : [])],
    rows: [
      regression
        ? row(trans.__('mean absolute error'), side =>
            number(meanError(evaluation.truth, side), '')
          )
        : row(trans.__('accuracy'), side => number(accuracy(evaluation.truth, side), 'share')),
      row(trans.__('latency, median'), side => number(quantile(side, 0.5), 's')),
      row(trans.__('latency, p95'), side => number(quantile(side, 0.95), 's')),
      row(trans.__('answered'), side => String(answered(side).length))
    ]
  };
}

function answered(side: Side): readonly number[] {
  return side.states.flatMap((state, index) => (state === 'answered' ? [index] : []));
}

/** The share of all examples that were answered rightly: an example without an answer is not right. */
function accuracy(truth: readonly unknown[], side: Side): number | null {
  const right = answered(side).filter(index => side.predictions[index] === truth[index]).length;
  return truth.length ? right / truth.length : null;
}

function meanError(truth: readonly unknown[], side: Side): number | null {
  const errors = answered(side).map(index =>
    Math.abs(Number(side.predictions[index]) - Number(truth[index]))
  );
  return errors.length ? errors.reduce((sum, each) => sum + each, 0) / errors.length : null;
}

function quantile(side: Side, level: number): number | null {
  const known = side.latency_seconds.filter((each): each is number => each !== null);
  const sorted = known.sort((one, other) => one - other);
  return sorted[Math.ceil(level * sorted.length) - 1] ?? null;
}

function number(value: number | null, unit: string): string {
  if (value === null || !Number.isFinite(value)) {
    return NOTHING;
  }
  if (unit === 'share') {
    return `${digits(value * 100)} %`;
  }
  if (unit === 's' && Math.abs(value) < 1) {
    return `${digits(value * 1000)} ms`;
  }
  return `${digits(value)} ${unit}`.trim();
}

function digits(value: number): string {
  const text = Number.isInteger(value) ? String(value) : value.toPrecision(3);
  return (text.includes('e') ? text : String(Number(text))).replace('-', '\u2212');
}
