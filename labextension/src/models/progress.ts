import type { RunAnswer, RunEvent, SuiteProgress } from '../view';

/**
 * Return the run with one more event told, folded as the server does (server/views.py).
 *
 * The run's own end is never taken from an event: it is read over REST.
 */
export function advance(answer: RunAnswer, event: RunEvent): RunAnswer {
  const run = { ...answer.run, seq: event.seq };
  if (event.kind === 'stage') {
    return { ...answer, run, stage: event.message ?? answer.stage };
  }
  return event.suite
    ? { ...answer, run, suites: changeSuite(answer.suites, event.suite, event) }
    : { ...answer, run };
}

/** How far a suite is of which nothing was heard yet. */
export function unheard(name: string): SuiteProgress {
  return {
    name,
    outcome: null,
    cases_finished: 0,
    cases_total: null,
    case_title: null,
    done: null,
    total: null
  };
}

function changeSuite(
  suites: readonly SuiteProgress[],
  name: string,
  event: RunEvent
): readonly SuiteProgress[] {
  const known = suites.some(suite => suite.name === name);
  const all = known ? suites : [...suites, unheard(name)];
  return all.map(suite =>
    suite.name === name ? { ...suite, ...STEPS[event.kind]?.(event) } : suite
  );
}

const NO_REQUESTS = { done: null, total: null };

type Step = (event: RunEvent) => Partial<SuiteProgress>;

const STEPS: Partial<Record<RunEvent['kind'], Step>> = {
  case_started: ({ title, total }) => ({
    case_title: title ?? null,
    cases_total: total ?? null,
    ...NO_REQUESTS
  }),
  progress: ({ done, total }) => ({ done: done ?? null, total: total ?? null }),
  case_finished: ({ done, total }) =>
    typeof done === 'number' // a check inside a cell finishes without counting as a cell
      ? { cases_finished: done, cases_total: total ?? null, ...NO_REQUESTS }
      : {},
  suite_finished: ({ outcome }) => ({
    outcome: (outcome ?? null) as SuiteProgress['outcome'],
    case_title: null
  })
};
