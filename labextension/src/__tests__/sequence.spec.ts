import { advance } from '../models/progress';
import { admit } from '../models/sequence';
import type { RunEvent } from '../view';
import told from './side-by-side.json';
import { anAnswer, anEvent } from './wire';

const NOTHING: Partial<RunEvent> = { suite: null };

describe('a run event', () => {
  it.each([
    { seq: 4, last: 4, expected: 'ignore' },
    { seq: 1, last: 4, expected: 'ignore' },
    { seq: 5, last: 4, expected: 'show' },
    { seq: 6, last: 4, expected: 'reread' },
    { seq: 1, last: 0, expected: 'show' }
  ])('with seq $seq after $last means: $expected', ({ seq, last, expected }) => {
    expect(admit(seq, last)).toBe(expected);
  });
});

describe('progress', () => {
  it('folds suites side by side as the server does', () => {
    const events = told.events.map((event, index) =>
      anEvent(index + 1, { ...NOTHING, ...(event as Partial<RunEvent>) })
    );

    const answer = events.reduce(advance, anAnswer({ seq: 0 }, { stage: null }));

    expect(answer.stage).toBe('execute');
    expect(answer.run.seq).toBe(told.events.length);
    expect(answer.suites).toEqual(told.suites); // tests/server/test_progress.py expects the same
  });

  it('ends a suite with its outcome', () => {
    const answer = advance(anAnswer(), anEvent(1, { kind: 'suite_finished', outcome: 'failed' }));

    expect(answer.suites[0]?.outcome).toBe('failed');
  });

  it('never ends the run by an event', () => {
    const answer = advance(anAnswer(), anEvent(1, { kind: 'run', suite: null, state: 'finished' }));

    expect(answer.run.state).toBe('running');
  });
});
