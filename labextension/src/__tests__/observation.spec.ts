import { nullTranslator } from '@jupyterlab/translation';
import extension, { ObservationCard } from '../mime';
import { cardOf } from '../observation';
import { OBSERVATION } from '../tokens';

const trans = nullTranslator.load('');
const PAYLOAD = '<img src=x onerror="window.hacked = true">';

function side(predictions: unknown[], states: string[]): object {
  return { target: 't', predictions, states, latency_seconds: [0.01, 0.02, 0.03, null] };
}

const evaluation = {
  schema_version: 1,
  kind: 'evaluation',
  name: 'holdout',
  task: 'classification',
  ids: ['1', '2', '3', '4'],
  truth: [1, 2, 3, 4],
  candidate: side([1, 2, 9, null], ['answered', 'answered', 'answered', 'timed_out']),
  baseline: side([1, 2, 3, 4], ['answered', 'answered', 'answered', 'answered'])
};

function rendered(data: Record<string, unknown>): HTMLElement {
  const card = new ObservationCard({} as ConstructorParameters<typeof ObservationCard>[0]);
  void card.renderModel({ data } as Parameters<ObservationCard['renderModel']>[0]);
  return card.node;
}

describe('the card of an observation', () => {
  it('says how many examples were right: one without an answer is not', () => {
    const card = cardOf(evaluation, trans);

    expect(card).toMatchObject({ word: '1 failed', title: 'holdout: 4 examples', tone: 'bad' });
    expect(card?.rows).toEqual([
      ['accuracy', '50 %', '100 %'],
      ['latency, median', '20 ms', '20 ms'],
      ['latency, p95', '30 ms', '30 ms'],
      ['answered', '3', '4']
    ]);
  });

  it('shows the mean absolute error of a regression', () => {
    const card = cardOf({ ...evaluation, task: 'regression', baseline: null }, trans);

    expect(card?.rows?.[0]).toEqual(['mean absolute error', '2']);
  });

  it.each([
    [
      { kind: 'check', title: 'is fast', passed: true },
      { word: 'passed', tone: 'good' }
    ],
    [
      { kind: 'check', title: 'is fast', passed: 'yes' },
      { word: 'failed', tone: 'bad' }
    ],
    [
      { kind: 'metric', name: 'drift', value: 0.12345, unit: '', n: null },
      { word: '0.123', title: 'drift' }
    ],
    [
      { kind: 'metric', name: 'drift', value: null, missing_because: 'NaN was recorded' },
      { title: 'drift: NaN was recorded', tone: 'bad' }
    ],
    [
      { kind: 'progress', done: 3, total: 10 },
      { title: '3 of 10 examples', progress: { done: 3, total: 10 } }
    ]
  ])('says %j', (record, expected) => {
    expect(cardOf({ schema_version: 1, ...record }, trans)).toMatchObject(expected);
  });

  it.each([
    null,
    'text',
    {},
    { kind: 'check', schema_version: 2 },
    { kind: 'evaluation', schema_version: 1 }
  ])('is none for %j', record => {
    expect(cardOf(record, trans)).toBeNull();
  });

  it('shows the plain text of a record it does not know', () => {
    const node = rendered({ [OBSERVATION]: { schema_version: 9 }, 'text/plain': 'something new' });

    expect(node.textContent).toBe('something new');
  });

  it('keeps hostile text inert', () => {
    const node = rendered({
      [OBSERVATION]: { schema_version: 1, kind: 'check', title: PAYLOAD, passed: true }
    });

    expect(node.querySelectorAll('img')).toHaveLength(0);
    expect(node.textContent).toContain(PAYLOAD);
  });

  it('is registered for its MIME type', () => {
    expect(extension).toMatchObject({ rendererFactory: { mimeTypes: [OBSERVATION], safe: true } });
  });
});
