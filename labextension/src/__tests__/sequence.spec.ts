import { advance } from '../models/progress';
import { admit } from '../models/sequence';
import { anAnswer, anEvent } from './wire';

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
  it('folds events as the server does', () => {
    const events = [
      anEvent(1, { kind: 'stage', suite: null, message: 'execute' }),
      anEvent(2, { kind: 'suite_started', total: 3 }),
      anEvent(3, { kind: 'case_started', title: 'load' }),
      anEvent(4, { kind: 'case_finished', title: 'load', outcome: 'passed' }),
      anEvent(5, { kind: 'case_started', title: 'send' }),
      anEvent(6, { done: 20, total: 100 })
    ];

    const answer = events.reduce(advance, anAnswer({ seq: 0 }, { stage: null }));

    expect(answer.stage).toBe('execute');
    expect(answer.run.seq).toBe(6);
    expect(answer.suites).toEqual([
      {
        name: 'quality',
        outcome: null,
        cases_finished: 1,
        cases_total: 3,
        case_title: 'send',
        done: 20,
        total: 100
      }
    ]);
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
